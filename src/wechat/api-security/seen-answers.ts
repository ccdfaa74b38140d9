import { createHash } from 'node:crypto';

/**
 * Remembers answers for as long as they would be believed, so that none is believed twice.
 *
 * The memory is that of this process: an answer could still be shown once to every instance.
 */
export class SeenAnswers {
  private young = new Set<string>();
  private old = new Set<string>();
  private youngUntil = -Infinity;

  /** @param lifetimeMs how long an answer is believed at most; it is remembered once or twice as long */
  constructor(private readonly lifetimeMs: number) {}

  /** Notes an answer. false if it was noted before. */
  add(answer: string, now: number): boolean {
    if (now >= this.youngUntil) this.turn(now);
    const digest = createHash('sha256').update(answer).digest('base64');
    if (this.young.has(digest) || this.old.has(digest)) return false;
    this.young.add(digest);
    return true;
  }

  private turn(now: number): void {
    const overdue = now >= this.youngUntil + this.lifetimeMs;
    this.old = overdue ? new Set() : this.young;
    this.young = new Set();
    this.youngUntil = now + this.lifetimeMs;
  }
}
