import { randomBytes } from 'node:crypto';

/** How long a code of `wx.login`, `wx.pluginLogin` or the phone button lives (the pages of all three: five minutes). */
export const CODE_TTL_SECONDS = 300;

// Only bounds a load test that mints faster than any phone: then the oldest die before their time.
const CODES_A_GENERATION = 500_000;

const CODE_LENGTH = 32;

interface OneTimeCode<Grant> {
  readonly grant: Grant;
  readonly expiresAt: number;
  spent: boolean;
}

/** What became of a code that was shown: WeChat tells a used one from one it does not know. */
export type SpentCode<Grant> =
  | { readonly outcome: 'accepted'; readonly grant: Grant }
  | { readonly outcome: 'used' }
  | { readonly outcome: 'invalid' };

/** Codes that stand for something, once. A used code is remembered until it would have expired, then it is unknown. */
export class OneTimeCodes<Grant> {
  // Two generations, so that what has expired is dropped as a whole. A Map that loses its oldest entry at every
  // insertion is slow: V8 walks over the gaps.
  private young = new Map<string, OneTimeCode<Grant>>();
  private old = new Map<string, OneTimeCode<Grant>>();
  private youngUntil = -Infinity;

  mint(grant: Grant, now: number): string {
    if (now >= this.youngUntil || this.young.size >= CODES_A_GENERATION) this.turn(now);
    const code = randomCode();
    this.young.set(code, { grant, expiresAt: now + CODE_TTL_SECONDS * 1000, spent: false });
    return code;
  }

  /** Spends a code. Shown by somebody whom it does not fit it is invalid, and stays good for whom it was made. */
  spend(code: string, now: number, fits: (grant: Grant) => boolean): SpentCode<Grant> {
    const found = this.young.get(code) ?? this.old.get(code);
    if (!found || found.expiresAt <= now || !fits(found.grant)) return { outcome: 'invalid' };
    if (found.spent) return { outcome: 'used' };
    found.spent = true;
    return { outcome: 'accepted', grant: found.grant };
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
