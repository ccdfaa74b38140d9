import { callPlatform, type WxLike } from './platform.js';

// What a nonce and a device id may be made of; 64 of them, so that 6 random bits name one.
const CHARACTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
const LENGTH = 24;

/**
 * Makes texts of 24 characters of `A-Z a-z 0-9 - _`, each different.
 *
 * `wx.getRandomValues` answers later, and a nonce must be stored together with its token, at once: so its bytes are fetched
 * ahead and mixed with `Math.random`. Where there are none, `Math.random` alone will do. Neither text is a secret: a nonce
 * tells the holder of a token from another one, a device id tells a person's devices apart.
 */
export function randomTexts(platform: WxLike): () => string {
  let bytes: ArrayLike<number> = [];
  const fetchBytes = (): void => {
    bytes = [];
    if (!platform.getRandomValues) return;
    callPlatform<{ randomValues: ArrayBuffer }>(platform, 'getRandomValues', { length: LENGTH }).then(
      ({ randomValues }) => {
        bytes = new Uint8Array(randomValues);
      },
      () => undefined,
    );
  };
  fetchBytes();
  return () => {
    let text = '';
    while (text.length < LENGTH) {
      text += CHARACTERS.charAt((Math.floor(Math.random() * 64) ^ (bytes[text.length] || 0)) & 63);
    }
    fetchBytes();
    return text;
  };
}
