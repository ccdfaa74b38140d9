import { createRemoteJWKSet, errors, jwtVerify } from 'jose';

const PATIENCE_MS = 3000;

// A key that is revoked in an emergency leaves the published set at once.
const KEYS_KEPT_MS = 5 * 60_000;

// What jose says when the keys cannot be fetched or read. Everything else is the token's fault.
const KEYS_AWAY = ['ERR_JOSE_GENERIC', 'ERR_JWKS_TIMEOUT', 'ERR_JWKS_INVALID'];

/** A refusal in the words of wechat-passport, so that its client acts upon the remedy. */
export class Refusal extends Error {
  constructor(status, code, remedy) {
    super(code);
    Object.assign(this, { status, code, remedy });
  }
}

const passportAway = () => new Refusal(503, 'SERVICE_UNAVAILABLE', 'retry-later');

/**
 * What this back end asks of wechat-passport.
 *
 * @param {{url: string, issuer?: string, audience?: string, clientId: string, clientSecret: string}} settings
 */
export function passportAt({ url, issuer = url, audience = url, clientId, clientSecret }) {
  const keys = createRemoteJWKSet(new URL(`${url}/.well-known/jwks.json`), { cacheMaxAge: KEYS_KEPT_MS });
  const requiredClaims = ['exp', 'sub', 'sid', 'client_id'];
  const rules = { algorithms: ['ES256'], typ: 'at+jwt', issuer, audience, requiredClaims };
  // RFC 6749 section 2.3.1: both parts are encoded before they are joined.
  const credentials = [clientId, clientSecret].map(encodeURIComponent).join(':');
  const authorization = `Basic ${Buffer.from(credentials).toString('base64')}`;

  async function ask(path, init = {}) {
    try {
      return await fetch(url + path, { ...init, headers: { authorization }, signal: AbortSignal.timeout(PATIENCE_MS) });
    } catch {
      throw passportAway();
    }
  }

  return {
    /** Verifies an access token without asking anybody, and answers who is calling. Good until the token expires. */
    async verify(token) {
      try {
        const { payload } = await jwtVerify(token, keys, rules);
        return { userId: payload.sub, sessionId: payload.sid, appId: payload.client_id, roles: payload.roles ?? [] };
      } catch (error) {
        if (!(error instanceof errors.JOSEError) || KEYS_AWAY.includes(error.code)) throw passportAway();
        // Whether the session still lives is for wechat-passport to say, when the client refreshes.
        throw new Refusal(
          401,
          error.code === 'ERR_JWT_EXPIRED' ? 'ACCESS_TOKEN_EXPIRED' : 'ACCESS_TOKEN_INVALID',
          'refresh',
        );
      }
    },

    /** Whether the session of a verified access token lives at this moment (RFC 7662). Without an answer nobody passes. */
    async isActive(token) {
      const answer = await ask('/oauth/introspect', { method: 'POST', body: new URLSearchParams({ token }) });
      if (!answer.ok) throw passportAway();
      return (await answer.json()).active;
    },

    /** The person with this id, or the one who absorbed them in a merge; null for nobody of this client's mini-programs. */
    async findUser(userId) {
      const answer = await ask(`/v1/users/${encodeURIComponent(userId)}`);
      if (answer.status === 404) return null;
      if (!answer.ok) throw passportAway();
      return answer.json();
    },
  };
}
