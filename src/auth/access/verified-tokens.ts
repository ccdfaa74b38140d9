import { Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { accessTokenKeyId } from '../tokens/access-token-header.js';
import { KeyRing } from '../tokens/key-ring.js';
import type { Principal } from './principal.js';

interface Entry {
  readonly principal: Principal;
  readonly keyId: string;
}

// About 1.5 kB an entry: 15 MB at most.
const CAPACITY = 10_000;

/**
 * Remembers whose tokens were verified, by the whole token, so that a signature is checked once and not on every request.
 *
 * Says nothing about a revoked session, which is asked after it.
 */
@Injectable()
export class VerifiedTokens {
  private readonly cache = new LRUCache<string, Entry>({ max: CAPACITY });

  constructor(private readonly keys: KeyRing) {}

  /** Undefined for a token that was never verified, was forgotten, has expired, or whose key is no longer good. */
  get(token: string): Principal | undefined {
    const entry = this.cache.get(token);
    if (!entry) return undefined;
    if (entry.principal.expiresAt * 1000 > Date.now() && this.keys.verification(entry.keyId)) return entry.principal;
    this.cache.delete(token);
    return undefined;
  }

  /** Remembers a token whose signature and claims have just been found good. */
  add(token: string, principal: Principal): void {
    const keyId = accessTokenKeyId(token);
    if (keyId !== null) this.cache.set(token, { principal, keyId });
  }
}
