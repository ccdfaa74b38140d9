import { Injectable } from '@nestjs/common';
import type { RevokeReason } from './revoke-reason.js';

interface Entry {
  readonly reason: RevokeReason;
  /** On the clock of `performance.now()`, milliseconds. */
  readonly forgetAt: number;
}

const SWEEP_EVERY_MS = 60_000;

/** The sessions that have died while an access token of theirs could still be valid. Holds nothing longer than that. */
@Injectable()
export class RevokedSessions {
  private readonly entries = new Map<string, Entry>();
  private sweepAt = performance.now() + SWEEP_EVERY_MS;

  reasonOf(sessionId: string): RevokeReason | undefined {
    return this.entries.get(sessionId)?.reason;
  }

  add(sessionId: string, reason: RevokeReason, seconds: number): void {
    const now = performance.now();
    if (now >= this.sweepAt) this.sweep(now);
    this.entries.set(sessionId, { reason, forgetAt: now + seconds * 1000 });
  }

  get size(): number {
    return this.entries.size;
  }

  private sweep(now: number): void {
    this.sweepAt = now + SWEEP_EVERY_MS;
    for (const [sessionId, { forgetAt }] of this.entries) if (forgetAt <= now) this.entries.delete(sessionId);
  }
}
