const LENGTH = 24;

/**
 * 24 characters or some more of `0-9 a-z`, each time others.
 *
 * `Math.random` is enough, because neither use is a secret: a nonce tells one holder of a token from another, and is worth nothing
 * without the token; a device id tells a person's devices apart. `wx.getRandomValues` answers later, and a nonce must be stored
 * together with its token, at once.
 */
export function randomText(): string {
  let text = '';
  while (text.length < LENGTH) text += Math.random().toString(36).slice(2);
  return text;
}
