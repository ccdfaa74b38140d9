const DAY_MS = 86_400_000;

/** What is known of the account that holds a number. */
export interface NumberHolding {
  /** When the account last proved the number; null when it never did. */
  readonly provedAt: Date | null;
  /** How many identities the account has beside the number. */
  readonly otherIdentities: number;
}

/**
 * Whether a fresh proof of a number is enough to get into the account that holds it.
 *
 * Operators hand numbers out again. An account that proved the number longer ago, and has another way in, may belong to
 * the person before; one that has no other way in could never be entered again.
 */
export function mayHandOver(
  { provedAt, otherIdentities }: NumberHolding,
  trustDays: number,
  now: Date = new Date(),
): boolean {
  if (otherIdentities === 0) return true;
  return provedAt !== null && now.getTime() - provedAt.getTime() <= trustDays * DAY_MS;
}
