/** The value below which this share of sorted numbers lies; null of none. */
export function percentile(sorted, share) {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? null;
}

/** The middle one; of an even number, the mean of the two in the middle. Null where there is none. */
export function median(numbers) {
  const sorted = numbers.filter((number) => number !== null).sort((a, b) => a - b);
  if (sorted.length === 0) return null;
  const middle = sorted.length / 2;
  return (sorted[Math.floor(middle)] + sorted[Math.ceil(middle) - 1]) / 2;
}
