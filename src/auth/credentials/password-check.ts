import { Injectable } from '@nestjs/common';
import { CredentialsRepository, type Credentials } from '../../users/credentials.repository.js';
import { PasswordHashing } from './password-hashing.js';
import { normalisePassword } from './password-rules.js';

/** Checks passwords, and moves their hashes on to today's cost. */
@Injectable()
export class PasswordCheck {
  constructor(
    private readonly hashing: PasswordHashing,
    private readonly credentials: CredentialsRepository,
  ) {}

  /**
   * Whether it is the password of these credentials. Nobody's password takes as long as a wrong one.
   *
   * @throws AppError SERVICE_UNAVAILABLE - too many are waiting
   */
  async isRight(credentials: Credentials | null, text: string): Promise<boolean> {
    const password = normalisePassword(text);
    const passwordHash = credentials?.passwordHash ?? null;
    if (!(await this.hashing.verify(passwordHash, password))) return false;
    if (credentials && passwordHash !== null && this.hashing.isOutdated(passwordHash)) {
      await this.credentials.replaceHash(credentials, await this.hashing.hash(password));
    }
    return true;
  }
}
