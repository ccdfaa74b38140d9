import { Injectable } from '@nestjs/common';
import { AppError } from '../../errors/app-error.js';
import { UserProfiles } from '../../users/user-profiles.js';
import { UsersRepository } from '../../users/users.repository.js';
import type { UserProfile } from '../../users/user-profile.js';
import type { AuthenticationMethod } from '../sessions/session.entity.js';
import { Sessions } from '../sessions/sessions.js';
import type { SignedInDto } from './signed-in.dto.js';
import { TicketLinking } from './ticket-linking.js';
import type { DeviceDto } from './sign-in-bodies.dto.js';

/** Where a person signs in, whatever they prove it with. */
export interface SignInPlace {
  /** Of a configured mini-program. */
  readonly appId: string;
  readonly device: DeviceDto | undefined;
  readonly ticket: string | undefined;
  readonly traceId: string | null;
}

/** Somebody who has proved who they are without WeChat. */
export interface ProvedUser {
  readonly userId: string;
  readonly isNewUser: boolean;
  readonly amr: readonly AuthenticationMethod[];
  /** Of the password that was checked; the session is opened only while it is still the person's. */
  readonly passwordVersion?: number;
}

/** The last step of a sign-in without WeChat: what the ticket links, the session, and what the person is told. */
@Injectable()
export class OrdinarySignIn {
  constructor(
    private readonly tickets: TicketLinking,
    private readonly sessions: Sessions,
    private readonly users: UsersRepository,
    private readonly profiles: UserProfiles,
  ) {}

  /** Runs the step that proves who somebody is; a wrong proof counts against the ticket. @throws AppError TICKET_INVALID */
  async prove<Result>(ticket: string | undefined, step: () => Promise<Result>): Promise<Result> {
    return ticket === undefined ? step() : this.tickets.attempt(ticket, step);
  }

  /** @throws AppError USER_DISABLED, TICKET_INVALID, IDENTITY_ALREADY_LINKED */
  async signIn({ userId, isNewUser, amr, passwordVersion }: ProvedUser, place: SignInPlace): Promise<SignedInDto> {
    const { device, ticket, traceId } = place;
    const linked = ticket === undefined ? null : await this.tickets.link(ticket, userId, traceId);
    const tokens = await this.sessions.open({
      userId,
      identityId: linked?.identityId ?? null,
      appId: linked?.appId ?? place.appId,
      amr,
      device: { id: device?.id ?? null, name: device?.name ?? null, platform: device?.platform ?? null },
      traceId,
      ...(passwordVersion === undefined ? {} : { passwordVersion }),
    });
    return { status: 'signed_in', isNewUser, user: await this.profileOf(userId), tokens };
  }

  private async profileOf(userId: string): Promise<UserProfile> {
    const row = await this.users.findProfile(userId);
    if (!row) throw new AppError('USER_DISABLED', { context: { userId } });
    return this.profiles.of(row);
  }
}
