/** What the text of a field must look like, and how a problem says so. */
export interface FieldRule {
  readonly pattern: RegExp;
  readonly required: boolean;
  readonly rule: string;
}

/** What an identifier or a secret of somebody else may be: all that the database and a URL can carry. */
export const OPAQUE = { pattern: /^[\x21-\x7e]{1,128}$/, rule: '1 to 128 visible ASCII characters' };

/**
 * Checks an object of text fields. Adds what is wrong to `problems`, by field, never a value.
 *
 * @param others fields that are known and checked elsewhere
 * @returns the object, whatever its fields; null if it is none
 */
export function checkFields(
  value: unknown,
  rules: Readonly<Record<string, FieldRule>>,
  where: string,
  problems: string[],
  others: readonly string[] = [],
): Record<string, unknown> | null {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    problems.push(`${where}: must be an object`);
    return null;
  }
  const given = value as Record<string, unknown>;
  for (const [field, { pattern, required, rule }] of Object.entries(rules)) {
    const text = given[field];
    if (text === undefined && !required) continue;
    if (typeof text !== 'string' || !pattern.test(text)) problems.push(`${where}.${field}: must be ${rule}`);
  }
  const known = [...Object.keys(rules), ...others];
  if (Object.keys(given).some((field) => !known.includes(field))) {
    problems.push(`${where}: has a field other than ${known.join(', ')}`);
  }
  return given;
}
