/** A live session: what tokens are made of. */
export interface LiveSession {
  readonly id: string;
  readonly userId: string;
  readonly appId: string;
  readonly roles: readonly string[];
  readonly generation: number;
  readonly fork: number;
  readonly idleSeconds: number;
  readonly absoluteSeconds: number;
}

/** The columns of `LIVE_COLUMNS`. */
export interface LiveRow {
  readonly id: string;
  readonly user_id: string;
  readonly app_id: string;
  readonly roles: string[];
  readonly generation: number;
  readonly fork: number;
  readonly idle_seconds: number;
  readonly absolute_seconds: number;
}

export const LIVE_COLUMNS = `id, user_id, app_id, roles, generation, fork,
  floor(extract(epoch from idle_expires_at - now()))::int as idle_seconds,
  floor(extract(epoch from absolute_expires_at - now()))::int as absolute_seconds`;

export const IS_LIVE = 'revoked_at is null and idle_expires_at > now()';

export function toLiveSession(row: LiveRow): LiveSession {
  return {
    id: row.id,
    userId: row.user_id,
    appId: row.app_id,
    roles: row.roles,
    generation: row.generation,
    fork: row.fork,
    idleSeconds: row.idle_seconds,
    absoluteSeconds: row.absolute_seconds,
  };
}
