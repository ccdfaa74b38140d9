import { randomBytes } from 'node:crypto';

// getStableAccessToken: 7200 s, renewed by WeChat 5 minutes early; forced at most 20 times a day and 30 s apart.
const TTL_MS = 7200 * 1000;
const RENEWED_EARLY_MS = 300 * 1000;
const FORCED_A_DAY = 20;
const FORCED_APART_MS = 30 * 1000;

// WeChat's quotas start anew at midnight in Beijing, which is UTC+8 all year.
const DAY_MS = 86_400_000;
const BEIJING_OFFSET_MS = 8 * 3_600_000;

/** An access_token and the whole seconds it has left. */
export interface StableToken {
  readonly accessToken: string;
  readonly expiresIn: number;
}

interface AppTokens {
  accessToken: string;
  expiresAt: number;
  forcedAt: number;
  forcedOnDay: number;
  forcedToday: number;
}

/** The access_tokens of every app, in the two modes of `stable_token`. */
export class StableTokens {
  private readonly byApp = new Map<string, AppTokens>();

  /** Gives the app's token, a new one only when less than 5 minutes are left. */
  current(appId: string, now: number): StableToken {
    const tokens = this.of(appId);
    if (now >= tokens.expiresAt - RENEWED_EARLY_MS) renew(tokens, now);
    return shown(tokens, now);
  }

  /** Makes a new token whatever is left of the old one. null when the app did that too often. */
  forceRefresh(appId: string, now: number): StableToken | null {
    const tokens = this.of(appId);
    const day = Math.floor((now + BEIJING_OFFSET_MS) / DAY_MS);
    const forcedToday = tokens.forcedOnDay === day ? tokens.forcedToday : 0;
    if (forcedToday >= FORCED_A_DAY || now < tokens.forcedAt + FORCED_APART_MS) return null;
    tokens.forcedAt = now;
    tokens.forcedOnDay = day;
    tokens.forcedToday = forcedToday + 1;
    renew(tokens, now);
    return shown(tokens, now);
  }

  private of(appId: string): AppTokens {
    const known = this.byApp.get(appId);
    if (known) return known;
    const fresh = { accessToken: '', expiresAt: -Infinity, forcedAt: -Infinity, forcedOnDay: 0, forcedToday: 0 };
    this.byApp.set(appId, fresh);
    return fresh;
  }
}

function renew(tokens: AppTokens, now: number): void {
  // 139 characters, about what WeChat sends today; it reserves the right to 512.
  tokens.accessToken = `90_${randomBytes(102).toString('base64url')}`;
  tokens.expiresAt = now + TTL_MS;
}

function shown({ accessToken, expiresAt }: AppTokens, now: number): StableToken {
  return { accessToken, expiresIn: Math.floor((expiresAt - now) / 1000) };
}
