/**
 * Decodes base64url, or answers null for anything but its one canonical spelling.
 *
 * Node ignores foreign characters and spare bits, so two different texts could decode to the same bytes.
 */
export function decodeBase64url(text: string): Buffer | null {
  const bytes = Buffer.from(text, 'base64url');
  return bytes.toString('base64url') === text ? bytes : null;
}
