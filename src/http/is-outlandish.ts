// Deeper than any body here; class-transformer recurses, and some thousand levels would end in a stack overflow.
const MAX_DEPTH = 32;

/** Whether a body is nested too deep, or has a field named like a member of every object, or like `prototype`. */
export function isOutlandish(value: unknown, depth = MAX_DEPTH): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (depth === 0) return true;
  return Object.entries(value).some(([name, inner]) => isReserved(name) || isOutlandish(inner, depth - 1));
}

// Nest's pipe takes `prototype` out of a body without a word, as if it had never been sent.
function isReserved(name: string): boolean {
  return name in Object.prototype || name === 'prototype';
}
