import { createHash, randomBytes } from 'node:crypto';

const SECRET_BYTES = 32;

/** Prints a client secret once, and the hash of it that `OAUTH_CLIENTS` keeps. */
export async function clientSecret(): Promise<void> {
  const secret = randomBytes(SECRET_BYTES).toString('base64url');
  const hash = createHash('sha256').update(secret).digest('hex');
  console.log(`secret      ${secret}`);
  console.log(`secretHash  sha256:${hash}`);
}
