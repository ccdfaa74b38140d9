import { Injectable } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import { TokenSettings } from '../../config/settings.js';
import type { Queries } from '../../database/statement.js';
import { AppError } from '../../errors/app-error.js';
import type { ProfileRow } from '../../users/user-profile.js';
import { KnownSignInsRepository, type KnownSignIn } from './known-sign-ins.repository.js';
import { SessionEnding } from './session-ending.js';
import { SessionRefresh } from './session-refresh.js';
import type { DeviceSessionDto } from './sessions.dto.js';
import type { EndedSession } from './session-ends.repository.js';
import { SessionTokens } from './session-tokens.js';
import { SessionsRepository, type NewSession, type SessionLimits } from './sessions.repository.js';
import type { Tokens } from './tokens.dto.js';

/** Opens and refreshes sessions, and hands out their tokens. */
@Injectable()
export class Sessions {
  constructor(
    private readonly repository: SessionsRepository,
    private readonly known: KnownSignInsRepository,
    private readonly sessionRefresh: SessionRefresh,
    private readonly ending: SessionEnding,
    private readonly tokens: SessionTokens,
    private readonly settings: TokenSettings,
  ) {}

  /**
   * Opens a session in the place of this device's last one.
   *
   * @throws AppError USER_DISABLED - at the moment of writing the user is not active, or has lost the identity or changed
   *   the password that they signed in with
   */
  async open(session: Omit<NewSession, 'id'>): Promise<Tokens> {
    const result = await this.repository.open({ ...session, id: uuidv7() }, this.limits);
    if (!result) throw new AppError('USER_DISABLED', { context: { userId: session.userId } });
    this.ending.forget(result.ended);
    return this.tokens.of(result.opened);
  }

  /**
   * Opens a session for whoever is known by what WeChat vouched for, and tells who that is.
   *
   * @returns null where there is more to decide; no session has been opened then
   */
  async openKnown(signIn: Omit<KnownSignIn, 'id'>): Promise<{ tokens: Tokens; person: ProfileRow } | null> {
    const result = await this.known.open({ ...signIn, id: uuidv7() }, this.limits);
    if (!result) return null;
    this.ending.forget(result.ended);
    return result.opened && { tokens: this.tokens.of(result.opened), person: result.person };
  }

  /**
   * Opens a session within a larger unit of work that holds the user's row, and calls `SessionEnding.forget` with what was ended
   * once it has committed. The tokens are good from then on.
   *
   * @throws AppError USER_DISABLED
   */
  async openWithin(
    transaction: Queries,
    session: Omit<NewSession, 'id'>,
  ): Promise<{ tokens: Tokens; ended: EndedSession[] }> {
    const result = await this.repository.openWithin(transaction, { ...session, id: uuidv7() }, this.limits);
    if (!result) throw new AppError('USER_DISABLED', { context: { userId: session.userId } });
    return { tokens: this.tokens.of(result.opened), ended: result.ended };
  }

  /**
   * Exchanges a refresh token for the next pair of tokens; what a repeat gets is told at `SessionRefresh.advance`.
   *
   * @throws AppError REFRESH_TOKEN_INVALID, REFRESH_TOKEN_REUSED, REFRESH_SUPERSEDED, SESSION_EXPIRED, SESSION_REVOKED,
   *   USER_DISABLED
   */
  async refresh(refreshToken: string, nonce: string | undefined, traceId: string | null): Promise<Tokens> {
    const point = await this.tokens.read(refreshToken);
    return this.tokens.of(await this.sessionRefresh.advance(point, nonce, traceId));
  }

  /**
   * The id of the session that an authentic refresh token of any generation names, dead or alive.
   *
   * @throws AppError REFRESH_TOKEN_INVALID
   */
  async idOf(refreshToken: string): Promise<string> {
    return (await this.tokens.read(refreshToken)).sessionId;
  }

  /** The live sessions of a user, the one used last first. */
  async list(userId: string, currentId: string): Promise<DeviceSessionDto[]> {
    const rows = await this.repository.findLiveOfUser(userId);
    return rows.map((row) => ({
      id: row.id,
      appId: row.app_id,
      deviceName: row.device_name,
      devicePlatform: row.device_platform,
      createdAt: row.created_at.toISOString(),
      lastUsedAt: row.rotated_at.toISOString(),
      current: row.id === currentId,
    }));
  }

  private get limits(): SessionLimits {
    return {
      idleSeconds: this.settings.refreshIdleTtlSeconds,
      absoluteSeconds: this.settings.refreshAbsoluteTtlSeconds,
      feedSeconds: this.ending.feedSeconds,
      perUser: this.settings.sessionsPerUser,
    };
  }
}
