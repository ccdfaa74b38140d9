import type { DataSource } from 'typeorm';
import type { TestApp } from './test-app.js';

/** A person with one session, made for a test that never signs in. */
export interface MadeSession {
  readonly sessionId: string;
  readonly userId: string;
  readonly identityId: string;
  readonly openid: string;
}

export const MADE_APP = 'wx0000000000000001';

// The server's connections give a statement 3 s.
const AT_A_TIME = 20_000;

/**
 * Writes so many people with an identity, a session_key and a live session each, faster than they could sign in.
 *
 * @param from the number of the first; the same number gives the same ids
 */
export async function makeSessions({ dataSource }: TestApp, count: number, from = 0): Promise<void> {
  const end = from + count;
  for (let first = from; first < end; first += AT_A_TIME) {
    await makeSome(dataSource, first, Math.min(first + AT_A_TIME, end) - 1);
  }
}

async function makeSome(dataSource: DataSource, first: number, last: number): Promise<void> {
  const numbers = `generate_series(${first}::int, ${last}::int) as n`;
  await dataSource.query(`insert into users (id) select ${idOf('a')} from ${numbers}`);
  await dataSource.query(`insert into identities (id, user_id, kind, issuer, subject)
    select ${idOf('b')}, ${idOf('a')}, 'wechat_openid', '${MADE_APP}', 'openid-' || n from ${numbers}`);
  await dataSource.query(`insert into wechat_sessions (app_id, openid, session_key_sealed, fingerprint, called_at)
    select '${MADE_APP}', 'openid-' || n, '\\x00', '\\x00', now() from ${numbers}`);
  await dataSource.query(`insert into sessions (id, user_id, identity_id, app_id, amr, roles, idle_expires_at,
      absolute_expires_at)
    select ${idOf('c')}, ${idOf('a')}, ${idOf('b')}, '${MADE_APP}', '{wx}', '{}', now() + interval '30 days',
      now() + interval '180 days' from ${numbers}`);
}

/** The same people, by number. */
export function madeSession(number: number): MadeSession {
  const id = (kind: string) => `${kind}0000000-0000-7000-8000-${String(number).padStart(12, '0')}`;
  return { sessionId: id('c'), userId: id('a'), identityId: id('b'), openid: `openid-${number}` };
}

function idOf(kind: string): string {
  return `('${kind}0000000-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid`;
}
