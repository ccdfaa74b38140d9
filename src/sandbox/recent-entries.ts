/** A map that remembers the last `max` entries set, and at most twice as many. */
export class RecentEntries<Value> {
  // Two generations: a Map that loses its oldest entry at every insertion is slow, V8 walks over the gaps.
  private young = new Map<string, Value>();
  private old = new Map<string, Value>();

  constructor(private readonly max: number) {}

  get(key: string): Value | null {
    return this.young.get(key) ?? this.old.get(key) ?? null;
  }

  /** Sets an entry, which is then the youngest. */
  set(key: string, value: Value): void {
    if (this.young.size >= this.max) {
      this.old = this.young;
      this.young = new Map();
    }
    this.young.set(key, value);
  }
}
