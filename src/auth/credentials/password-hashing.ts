import { randomBytes } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { Injectable } from '@nestjs/common';
import { hash, parseOptions, verify } from '@node-rs/argon2';
import { passwordHashes } from './password-metrics.js';
import { WorkQueue } from './work-queue.js';

/** Argon2id with 19 MiB, two passes and one lane. Source: OWASP Password Storage Cheat Sheet. */
export const ARGON2_COST = Object.freeze({ memoryCost: 19_456, timeCost: 2, parallelism: 1 });

// The computations share libuv's four threads with file and name look-ups, which must not starve.
const AT_ONCE = Math.min(3, availableParallelism());
// About three seconds' worth on two cores.
const WAITING_MAX = 200;

/** Hashes passwords, a few at a time: a rush of sign-ins takes longer and no more memory. Passwords come normalised. */
@Injectable()
export class PasswordHashing {
  private readonly queue = new WorkQueue(AT_ONCE, WAITING_MAX);
  private readonly nobodysHash = unknownHash();

  /** @throws AppError SERVICE_UNAVAILABLE - too many are waiting */
  async hash(password: string): Promise<string> {
    return this.queue.run(() => measured('hash', () => hash(password, ARGON2_COST)));
  }

  /**
   * Whether the password has this hash. Without a hash the answer is no and takes as long to come.
   *
   * @throws AppError SERVICE_UNAVAILABLE - too many are waiting
   */
  async verify(passwordHash: string | null, password: string): Promise<boolean> {
    const isRight = await this.queue.run(() =>
      measured('verify', () => verify(passwordHash ?? this.nobodysHash, password)),
    );
    return isRight && passwordHash !== null;
  }

  /** Whether the hash was made with another cost than hashes are made with today. */
  isOutdated(passwordHash: string): boolean {
    const { memoryCost, timeCost, parallelism } = parseOptions(passwordHash);
    const { memoryCost: memory, timeCost: time, parallelism: lanes } = ARGON2_COST;
    return memoryCost !== memory || timeCost !== time || parallelism !== lanes;
  }
}

/** A well-formed hash, at today's cost, of which nobody knows a password. */
function unknownHash(): string {
  const { memoryCost, timeCost, parallelism } = ARGON2_COST;
  const [salt, output] = [16, 32].map((bytes) => randomBytes(bytes).toString('base64').replaceAll('=', ''));
  return `$argon2id$v=19$m=${memoryCost},t=${timeCost},p=${parallelism}$${salt}$${output}`;
}

async function measured<Result>(operation: 'hash' | 'verify', work: () => Promise<Result>): Promise<Result> {
  const stop = passwordHashes.startTimer({ operation });
  try {
    return await work();
  } finally {
    stop();
  }
}
