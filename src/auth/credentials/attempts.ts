import { Injectable } from '@nestjs/common';
import { AppError } from '../../errors/app-error.js';
import { KeyedHash } from '../../secrets/keyed-hash.js';
import { AttemptsRepository } from './attempts.repository.js';

/** What is guessed at: the password of a username, or the fresh proof of a user. */
export type Guessed = 'password' | 'proof';

/**
 * Slows down whoever guesses: five attempts are free, then each wrong one doubles the wait, up to 15 minutes.
 *
 * Counted in the database, so for all instances together, and for names that nobody has as for those somebody has.
 */
@Injectable()
export class Attempts {
  constructor(
    private readonly repository: AttemptsRepository,
    private readonly keyedHash: KeyedHash,
  ) {}

  /**
   * Counts an attempt, then asks whether it is right; success forgets the failures before.
   *
   * @throws AppError RATE_LIMITED - too early; `isRight` was not asked
   */
  async judge(guessed: Guessed, whose: string, isRight: () => Promise<boolean>): Promise<boolean> {
    const subject = await this.keyedHash.of('failed_attempts', guessed, whose);
    const waitSeconds = await this.repository.count(subject);
    if (waitSeconds !== null) {
      throw new AppError('RATE_LIMITED', { context: { guessed }, retryAfterSeconds: waitSeconds });
    }
    const right = await this.verdict(subject, isRight);
    if (right) await this.repository.forget(subject);
    return right;
  }

  private async verdict(subject: Buffer, isRight: () => Promise<boolean>): Promise<boolean> {
    try {
      return await isRight();
    } catch (error) {
      // An overload or an outage is nobody's wrong guess. If this fails too, the count stays, which is the safe side.
      await this.repository.takeBack(subject).catch(() => undefined);
      throw error;
    }
  }
}
