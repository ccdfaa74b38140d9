import { randomBytes } from 'node:crypto';
import type { OpenedSession, RefreshHttp, TokenReply } from './refresh-http.js';

/** Whose turn it is, when, and at which server. */
export interface Turn {
  readonly party: 'victim' | 'thief';
  /** Seconds since the turn before. */
  readonly after: number;
  readonly server: 0 | 1;
}

/** What became of a session that two parties hold. */
export interface Theft {
  readonly revoked: boolean;
  /** Refreshes of each party that succeeded since the theft. */
  readonly successes: Readonly<Record<Turn['party'], number>>;
  /** The same, with those of one party in a row, the other getting nothing in between, taken as one. */
  readonly rows: Readonly<Record<Turn['party'], number>>;
  /** Every access token that a party had since the theft. */
  readonly accessTokens: readonly string[];
  readonly refreshTokens: readonly string[];
}

/** What somebody holds of a session, and does with it as the client should. */
class Holder {
  successes = 0;
  rows = 0;

  private constructor(
    readonly refreshToken: string,
    readonly nonce: string | null,
    private readonly sendsNonce: boolean,
  ) {}

  static of({ refreshToken }: OpenedSession, sendsNonce: boolean): Holder {
    return new Holder(refreshToken, sendsNonce ? makeNonce() : null, sendsNonce);
  }

  /** Everything that is stored, the nonce included. */
  copy(): Holder {
    return new Holder(this.refreshToken, this.nonce, this.sendsNonce);
  }

  stored({ refreshToken }: TokenReply): Holder {
    const next = new Holder(refreshToken!, this.sendsNonce ? makeNonce() : null, this.sendsNonce);
    next.successes = this.successes;
    next.rows = this.rows;
    return next;
  }
}

export interface TheftPlan {
  readonly nonce: boolean;
  /** The victim's refreshes before the theft: whether each of their answers arrived. */
  readonly before: readonly boolean[];
  readonly turns: readonly Turn[];
}

/** Plays a theft until the session is revoked or the plan is at its end. */
export async function playTheft(
  http: RefreshHttp,
  urls: readonly [string, string],
  session: OpenedSession,
  { nonce, before, turns }: TheftPlan,
): Promise<Theft> {
  const victim = await liveHonestly(http, urls[0], session, Holder.of(session, nonce), before);
  const holders = { victim: victim.holder, thief: victim.holder.copy() };
  const accessTokens = [victim.accessToken];
  let last: Turn['party'] | null = null;
  let revoked = false;

  for (const { party, after, server } of turns) {
    await http.letPass(session.sessionId, after);
    const holder = holders[party];
    const reply = await http.refresh(urls[server], holder.refreshToken, holder.nonce);
    if (reply.status === 200) {
      accessTokens.push(reply.accessToken!);
      const next = holder.stored(reply);
      next.successes += 1;
      if (last !== party) next.rows += 1;
      last = party;
      holders[party] = next;
    } else if (reply.status === 401) {
      if (reply.code !== 'REFRESH_TOKEN_REUSED') throw new Error(`a refresh answered ${reply.code}`);
      revoked = true;
      break;
    } else if (reply.status !== 409) {
      throw new Error(`a refresh answered ${reply.status}`);
    }
  }
  const { victim: robbed, thief } = holders;
  return {
    revoked,
    successes: { victim: robbed.successes, thief: thief.successes },
    rows: { victim: robbed.rows, thief: thief.rows },
    accessTokens,
    refreshTokens: [robbed.refreshToken, thief.refreshToken],
  };
}

/** The victim alone; a lost answer leaves it with the parent of a child that it never saw. */
async function liveHonestly(
  http: RefreshHttp,
  url: string,
  { sessionId, accessToken }: OpenedSession,
  first: Holder,
  before: readonly boolean[],
): Promise<{ holder: Holder; accessToken: string }> {
  let holder = first;
  let newestAccess = accessToken;
  for (const arrives of before) {
    await http.letPass(sessionId, 7200);
    const reply = await http.refresh(url, holder.refreshToken, holder.nonce);
    if (reply.status !== 200) throw new Error(`an honest refresh answered ${reply.status} ${reply.code}`);
    if (arrives) {
      holder = holder.stored(reply);
      newestAccess = reply.accessToken!;
    }
  }
  return { holder, accessToken: newestAccess };
}

function makeNonce(): string {
  return randomBytes(12).toString('base64url');
}
