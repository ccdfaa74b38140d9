import { randomBytes } from 'node:crypto';
import { beijingDay } from './beijing-day.js';
import { RecentEntries } from './recent-entries.js';

// getStableAccessToken: 7200 s, renewed by WeChat 5 minutes early; forced at most 20 times a day and 30 s apart.
const TTL_MS = 7200 * 1000;
const RENEWED_EARLY_MS = 300 * 1000;
const FORCED_A_DAY = 20;
const FORCED_APART_MS = 30 * 1000;

// getAccessToken: a new token leaves the one before it good for 5 more minutes.
const REPLACED_GRACE_MS = 300 * 1000;

// What was given to an app at some time. Only to tell a token that has died from one that never was.
const TOKENS_KEPT = 10_000;

// Whatever looks otherwise was never a token of WeChat, which keeps to 512 characters.
const WELL_FORMED = /^[\w-]{20,512}$/;

/** What WeChat answers to an access_token that it does not take: 40001 not the latest, 40014 not valid, 42001 expired. */
export const TOKEN_ERRCODES = [40001, 40014, 42001] as const;
export type TokenErrcode = (typeof TOKEN_ERRCODES)[number];

/** An access_token and the whole seconds it has left. */
export interface AccessToken {
  readonly accessToken: string;
  readonly expiresIn: number;
}

interface IssuedToken {
  readonly appId: string;
  readonly accessToken: string;
  readonly expiresAt: number;
  /** null while it is good. */
  refusedWith: TokenErrcode | null;
  /** From when on another one stands in its place. */
  replacedAt: number;
}

interface AppTokens {
  /** Of `/cgi-bin/token`: the newest, and the one that is good beside it for 5 minutes. */
  classic: readonly IssuedToken[];
  /** Of `/cgi-bin/stable_token`, which knows nothing of the other: likewise. */
  stable: readonly IssuedToken[];
  forcedAt: number;
  forcedOnDay: number;
  forcedToday: number;
}

/** The access_tokens of every app: those of `token`, each of which replaces the last, and the two modes of `stable_token`. */
export class AccessTokens {
  private readonly byApp = new Map<string, AppTokens>();
  private readonly issued = new RecentEntries<IssuedToken>(TOKENS_KEPT);

  /** Makes a new token of the old kind. The one before it stays good for five minutes, whoever holds it. */
  replace(appId: string, now: number): AccessToken {
    const tokens = this.of(appId);
    const token = this.issue(appId, now);
    const [last] = tokens.classic;
    if (last) last.replacedAt = now + REPLACED_GRACE_MS;
    tokens.classic = last ? [token, last] : [token];
    return shown(token, now);
  }

  /** Gives the app's token, a new one only when less than 5 minutes are left. The old one stays good until it expires. */
  current(appId: string, now: number): AccessToken {
    const tokens = this.of(appId);
    const [newest] = tokens.stable;
    const good = newest && newest.refusedWith === null && now < newest.expiresAt - RENEWED_EARLY_MS;
    return shown(good ? newest : this.renew(tokens, appId, now), now);
  }

  /** Makes a new stable token and ends those before it. null when the app did that too often. */
  forceRefresh(appId: string, now: number): AccessToken | null {
    const tokens = this.of(appId);
    const day = beijingDay(now);
    const forcedToday = tokens.forcedOnDay === day ? tokens.forcedToday : 0;
    if (forcedToday >= FORCED_A_DAY || now < tokens.forcedAt + FORCED_APART_MS) return null;
    tokens.forcedAt = now;
    tokens.forcedOnDay = day;
    tokens.forcedToday = forcedToday + 1;
    refuseAll(tokens.stable, 40001);
    return shown(this.renew(tokens, appId, now), now);
  }

  /** The app whose token this is, or the errcode that says why it is none. */
  check(accessToken: unknown, now: number): string | TokenErrcode | 41001 {
    if (typeof accessToken !== 'string' || accessToken === '') return 41001;
    if (!WELL_FORMED.test(accessToken)) return 40014;
    const token = this.issued.get(accessToken);
    if (!token) return 40001;
    if (token.refusedWith !== null) return token.refusedWith;
    if (now >= token.replacedAt) return 40001;
    return now < token.expiresAt ? token.appId : 42001;
  }

  /** The app that a token was made for, dead or alive. */
  ownerOf(accessToken: unknown): string | null {
    return typeof accessToken === 'string' ? (this.issued.get(accessToken)?.appId ?? null) : null;
  }

  /** From now on calls with the tokens that the app holds are answered with the errcode. It gets a new one when it asks. */
  refuse(appId: string, errcode: TokenErrcode): void {
    const { classic, stable } = this.of(appId);
    refuseAll([...classic, ...stable], errcode);
  }

  private renew(tokens: AppTokens, appId: string, now: number): IssuedToken {
    const token = this.issue(appId, now);
    tokens.stable = [token, ...tokens.stable.slice(0, 1)];
    return token;
  }

  private issue(appId: string, now: number): IssuedToken {
    // 139 characters, about what WeChat sends today; it reserves the right to 512.
    const accessToken = `90_${randomBytes(102).toString('base64url')}`;
    const token: IssuedToken = {
      appId,
      accessToken,
      expiresAt: now + TTL_MS,
      refusedWith: null,
      replacedAt: Infinity,
    };
    this.issued.set(accessToken, token);
    return token;
  }

  private of(appId: string): AppTokens {
    const known = this.byApp.get(appId);
    if (known) return known;
    const fresh: AppTokens = { classic: [], stable: [], forcedAt: -Infinity, forcedOnDay: 0, forcedToday: 0 };
    this.byApp.set(appId, fresh);
    return fresh;
  }
}

function refuseAll(tokens: readonly IssuedToken[], errcode: TokenErrcode): void {
  for (const token of tokens) token.refusedWith = errcode;
}

function shown({ accessToken, expiresAt }: IssuedToken, now: number): AccessToken {
  return { accessToken, expiresIn: Math.floor((expiresAt - now) / 1000) };
}
