import { Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import type { Principal } from './principal.js';

// About 1.5 kB an entry: 15 MB at most.
const CAPACITY = 10_000;

/**
 * Remembers whose tokens were verified, by the whole token, so that a signature is checked once and not on every request.
 *
 * Says nothing about revocation, which is asked after it.
 */
@Injectable()
export class VerifiedTokens {
  private readonly cache = new LRUCache<string, Principal>({ max: CAPACITY });

  /** Undefined for a token that was never verified, was forgotten, or has expired. */
  get(token: string): Principal | undefined {
    const principal = this.cache.get(token);
    if (principal && principal.expiresAt * 1000 <= Date.now()) {
      this.cache.delete(token);
      return undefined;
    }
    return principal;
  }

  add(token: string, principal: Principal): void {
    this.cache.set(token, principal);
  }
}
