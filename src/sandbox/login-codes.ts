import { randomBytes } from 'node:crypto';
import type { SandboxUser } from './sandbox-users.js';

/** How long a code of `wx.login` lives (code2Session: five minutes). */
export const CODE_TTL_SECONDS = 300;

// Only bounds a load test that mints faster than any phone: then the oldest die before their time.
const CODES_A_GENERATION = 500_000;

const CODE_LENGTH = 32;

interface LoginCode {
  readonly appId: string;
  readonly user: SandboxUser;
  readonly expiresAt: number;
  spent: boolean;
}

/** What became of a code that an app showed: WeChat tells a used one from one it does not know. */
export type SpentCode =
  | { readonly outcome: 'accepted'; readonly user: SandboxUser }
  | { readonly outcome: 'used' }
  | { readonly outcome: 'invalid' };

/** The codes of `wx.login`. A used code is remembered until it would have expired, then it is unknown like any other. */
export class LoginCodes {
  // Two generations, so that what has expired is dropped as a whole. A Map that loses its oldest entry at every
  // insertion is slow: V8 walks over the gaps.
  private young = new Map<string, LoginCode>();
  private old = new Map<string, LoginCode>();
  private youngUntil = -Infinity;

  mint(appId: string, user: SandboxUser, now: number): string {
    if (now >= this.youngUntil || this.young.size >= CODES_A_GENERATION) this.turn(now);
    const code = randomCode();
    this.young.set(code, { appId, user, expiresAt: now + CODE_TTL_SECONDS * 1000, spent: false });
    return code;
  }

  /** Spends a code. One of another app is invalid, and stays good for the app it was made for. */
  spend(code: string, appId: string, now: number): SpentCode {
    const found = this.young.get(code) ?? this.old.get(code);
    if (!found || found.appId !== appId || found.expiresAt <= now) return { outcome: 'invalid' };
    if (found.spent) return { outcome: 'used' };
    found.spent = true;
    return { outcome: 'accepted', user: found.user };
  }

  /** By the time a generation is dropped, all of its codes have expired. */
  private turn(now: number): void {
    this.old = this.young;
    this.young = new Map();
    this.youngUntil = now + CODE_TTL_SECONDS * 1000;
  }
}

function randomCode(): string {
  // 64 base64 characters, of which 62 of 64 are letters and digits: more than 32 of them are always left.
  return randomBytes(48).toString('base64').replace(/[+/]/g, '').slice(0, CODE_LENGTH);
}
