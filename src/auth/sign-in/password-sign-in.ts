import { Injectable } from '@nestjs/common';
import { AppError } from '../../errors/app-error.js';
import { CredentialsRepository, type Credentials } from '../../users/credentials.repository.js';
import { normaliseUsername } from '../../users/username.js';
import { Attempts } from '../credentials/attempts.js';
import { PasswordCheck } from '../credentials/password-check.js';
import { OrdinarySignIn, type SignInPlace } from './ordinary-sign-in.js';
import type { SignedInDto } from './signed-in.dto.js';

/** Signs in whoever knows a username and its password. */
@Injectable()
export class PasswordSignIn {
  constructor(
    private readonly ordinary: OrdinarySignIn,
    private readonly attempts: Attempts,
    private readonly credentials: CredentialsRepository,
    private readonly passwords: PasswordCheck,
  ) {}

  /**
   * An unknown username, somebody without a password and a wrong password look the same, take the same time and wait the
   * same after too many failures.
   *
   * @throws AppError CREDENTIALS_INVALID, RATE_LIMITED, SERVICE_UNAVAILABLE; with the right password only: USER_DISABLED,
   *   TICKET_INVALID
   */
  async signIn(username: string, password: string, place: SignInPlace): Promise<SignedInDto> {
    const credentials = await this.ordinary.prove(place.ticket, () =>
      this.prove(normaliseUsername(username), password),
    );
    const { userId, passwordVersion } = credentials;
    try {
      return await this.ordinary.signIn({ userId, isNewUser: false, amr: ['pwd'], passwordVersion }, place);
    } catch (error) {
      throw await this.refusalOf(error, credentials);
    }
  }

  private async prove(username: string, password: string): Promise<Credentials> {
    const credentials = await this.credentials.findByUsername(username);
    const isRight = await this.attempts.judge('password', username, () =>
      this.passwords.isRight(credentials, password),
    );
    if (credentials && isRight) return credentials;
    throw new AppError('CREDENTIALS_INVALID', { context: { userId: credentials?.userId ?? null } });
  }

  /** No session is opened with a password that was changed since it was checked; that is no matter of being disabled. */
  private async refusalOf(error: unknown, { userId, passwordVersion }: Credentials): Promise<unknown> {
    if (!(error instanceof AppError) || error.code !== 'USER_DISABLED') return error;
    const now = await this.credentials.findOfUser(userId);
    if (!now || now.passwordVersion === passwordVersion) return error;
    return new AppError('CREDENTIALS_INVALID', { context: { userId } });
  }
}
