const USERNAME = /^[\p{L}\p{N}][\p{L}\p{M}\p{N}._@-]{2,63}$/u;

/**
 * The one spelling under which a username is kept and found: NFKC and lower case, so that full-width letters and capitals
 * make no second name.
 */
export function normaliseUsername(text: string): string {
  return text.normalize('NFKC').toLowerCase().normalize('NFKC');
}

/** Whether a normalised username may be chosen: 3 to 64 letters, digits and `. _ @ -`, the first a letter or digit. */
export function isUsername(normalised: string): boolean {
  return USERNAME.test(normalised);
}
