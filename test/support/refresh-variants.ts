import type { INestApplicationContext } from '@nestjs/common';
import { SYSTEM } from '../../src/audit/audit-event.js';
import { TokenSettings } from '../../src/config/settings.js';
import { AppError } from '../../src/errors/app-error.js';
import { RefreshRepository } from '../../src/auth/sessions/refresh.repository.js';
import { SessionEnding } from '../../src/auth/sessions/session-ending.js';
import { SessionRefresh } from '../../src/auth/sessions/session-refresh.js';
import { judgeRefresh, type RefreshVerdict } from '../../src/auth/sessions/judge-refresh.js';

/**
 * Other ways to rotate, on the same tables and routes. They lose sessions or miss thefts, and a harness that does
 * not notice shows nothing.
 */
export type Variant =
  /** A token works once. */
  | 'strict'
  /** The parent works for 120 s, whoever presents it. */
  | 'window'
  /** The parent works until its child is used, whoever presents it. */
  | 'parent for ever';

/** Puts a variant in the place of the refresh protocol of a running server. */
export function rotateBy(variant: Variant, app: INestApplicationContext): void {
  const repository = app.get(RefreshRepository);
  const ending = app.get(SessionEnding);
  const { refreshIdleTtlSeconds } = app.get(TokenSettings);
  app.get(SessionRefresh).advance = async (token) => {
    const next = await repository.useToken(token, null, refreshIdleTtlSeconds);
    if (next) return next;
    const { session, state } = (await repository.findState(token.sessionId))!;
    const verdict = judgeRefresh(state, token, null);
    if (TOLERATED[variant].includes(verdict)) {
      if (verdict === 'superseded') throw new AppError('REFRESH_SUPERSEDED');
      return session;
    }
    await ending.end(token.sessionId, 'refresh_reused', { reason: 'reused', actor: SYSTEM, traceId: null });
    throw new AppError('REFRESH_TOKEN_REUSED');
  };
}

/** Beside the newest token; every other one ends the session. */
const TOLERATED: Readonly<Record<Variant, readonly RefreshVerdict[]>> = {
  strict: [],
  window: ['repeat', 'superseded'],
  'parent for ever': ['repeat', 'fork', 'superseded'],
};
