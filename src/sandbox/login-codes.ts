import { randomBytes } from 'node:crypto';
import type { SandboxUser } from './sandbox-users.js';

/** How long a code of `wx.login` lives (code2Session: five minutes). */
export const CODE_TTL_SECONDS = 300;

// Codes die after five minutes; this only bounds a load test that mints faster than any phone.
const CODES_KEPT = 500_000;

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
  // In the order of minting, which is the order of expiry.
  private readonly byCode = new Map<string, LoginCode>();

  mint(appId: string, user: SandboxUser, now: number): string {
    this.sweep(now);
    const code = randomCode();
    this.byCode.set(code, { appId, user, expiresAt: now + CODE_TTL_SECONDS * 1000, spent: false });
    return code;
  }

  /** Spends a code. One of another app is invalid, and stays good for the app it was made for. */
  spend(code: string, appId: string, now: number): SpentCode {
    const found = this.byCode.get(code);
    if (!found || found.appId !== appId || found.expiresAt <= now) return { outcome: 'invalid' };
    if (found.spent) return { outcome: 'used' };
    found.spent = true;
    return { outcome: 'accepted', user: found.user };
  }

  private sweep(now: number): void {
    for (const [code, { expiresAt }] of this.byCode) {
      if (expiresAt > now && this.byCode.size < CODES_KEPT) break;
      this.byCode.delete(code);
    }
  }
}

function randomCode(): string {
  // 64 base64 characters, of which 62 of 64 are letters and digits: more than 32 of them are always left.
  return randomBytes(48).toString('base64').replace(/[+/]/g, '').slice(0, CODE_LENGTH);
}
