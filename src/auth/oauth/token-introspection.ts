import { Injectable } from '@nestjs/common';
import type { OAuthClient } from '../../config/settings.js';
import type { AccessTokenClaims } from '../tokens/access-token-claims.js';
import { AccessTokens } from '../tokens/access-tokens.js';
import { RefreshTokens, type RefreshTokenPoint } from '../tokens/refresh-tokens.js';
import { judgeRefresh } from '../sessions/judge-refresh.js';
import { RefreshRepository } from '../sessions/refresh.repository.js';
import { SessionEnding } from '../sessions/session-ending.js';
import { SessionsRepository } from '../sessions/sessions.repository.js';

/** What introspection tells of a token (RFC 7662 section 2.2). Of a token that is not good it tells nothing else. */
export type Introspection =
  { readonly active: false } | ({ readonly active: true } & Readonly<Record<string, unknown>>);

const INACTIVE: Introspection = { active: false };

/** Tells back ends about tokens, and ends sessions for them; both only for tokens of the client's own apps. */
@Injectable()
export class TokenIntrospection {
  constructor(
    private readonly accessTokens: AccessTokens,
    private readonly refreshTokens: RefreshTokens,
    private readonly sessions: SessionsRepository,
    private readonly refreshes: RefreshRepository,
    private readonly ending: SessionEnding,
  ) {}

  /** Asks the database, so that a session that was ended a moment ago is seen. */
  async introspect(token: string, client: OAuthClient): Promise<Introspection> {
    const claims = await this.accessTokens.verify(token);
    if (claims) return this.introspectAccessToken(claims, client);
    const point = await this.refreshTokens.read(token);
    return point ? this.introspectRefreshToken(point, client) : INACTIVE;
  }

  /** Ends the session of an access or a refresh token. Of an unknown or foreign token nothing is ended, and nothing said. */
  async revoke(token: string, client: OAuthClient, traceId: string | null): Promise<void> {
    const sessionId = (await this.accessTokens.verify(token))?.sid ?? (await this.refreshTokens.read(token))?.sessionId;
    if (!sessionId || !(await this.isOfClient(sessionId, client))) return;
    const actor = { kind: 'client', id: client.clientId } as const;
    await this.ending.end(sessionId, 'session_revoked', { reason: 'signed_out', actor, traceId });
  }

  /** Whether a session belongs to one of the client's apps. */
  async isOfClient(sessionId: string, client: OAuthClient): Promise<boolean> {
    const standing = await this.sessions.findStanding(sessionId);
    return standing !== null && client.appIds.includes(standing.appId);
  }

  private async introspectAccessToken(claims: AccessTokenClaims, client: OAuthClient): Promise<Introspection> {
    const standing = await this.sessions.findStanding(claims.sid);
    if (!standing || standing.revokeReason || standing.expired || !client.appIds.includes(standing.appId))
      return INACTIVE;
    return { active: true, token_type: 'Bearer', token_use: 'access_token', ...claims };
  }

  private async introspectRefreshToken(point: RefreshTokenPoint, client: OAuthClient): Promise<Introspection> {
    const found = await this.refreshes.findState(point.sessionId);
    if (!found || !client.appIds.includes(found.session.appId)) return INACTIVE;
    const { session, state } = found;
    if (!['use', 'repeat', 'fork', 'fast-forward'].includes(judgeRefresh(state, point, null))) return INACTIVE;
    const exp = Math.floor(Date.now() / 1000) + session.idleSeconds;
    return {
      active: true,
      token_use: 'refresh_token',
      sub: session.userId,
      sid: session.id,
      client_id: session.appId,
      exp,
    };
  }
}
