// Deeper than any body here; class-transformer recurses, and some thousand levels would end in a stack overflow.
const MAX_DEPTH = 32;

/** Whether a body is nested too deep, or has a field named like a member of every object. */
export function isOutlandish(value: unknown, depth = MAX_DEPTH): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (depth === 0) return true;
  return Object.entries(value).some(([name, inner]) => name in Object.prototype || isOutlandish(inner, depth - 1));
}
