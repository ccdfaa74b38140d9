import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Tokens } from '../sessions/tokens.dto.js';

/** The cookie that carries an access token where `TOKEN_CARRIERS` names `cookie`. */
export const ACCESS_COOKIE = 'wp_access';

const ATTRIBUTES = 'Path=/; HttpOnly; Secure; SameSite=Strict';

// Both end the caller's session, unless only the others are meant.
const ENDING_ROUTES = new Set(['/v1/auth/logout', '/v1/users/me/erase']);

/**
 * Sets the cookie with every answer that holds tokens, and takes it away with those that end the caller's session.
 *
 * The refresh token is never in it. Register it before whatever wraps answers.
 */
export function sendAccessCookies(fastify: FastifyInstance): void {
  fastify.addHook('preSerialization', (_request, reply, answer, done) => {
    const tokens = tokensIn(answer);
    if (tokens) setCookie(reply, tokens.accessToken, tokens.expiresIn);
    done(null, answer);
  });
  fastify.addHook('onSend', (request, reply, payload, done) => {
    if (hasEndedSession(request, reply)) setCookie(reply, '', 0);
    done(null, payload);
  });
}

function tokensIn(answer: unknown): Tokens | null {
  if (answer instanceof Tokens) return answer;
  const { tokens } = (answer ?? {}) as { tokens?: unknown };
  return tokens instanceof Tokens ? tokens : null;
}

function hasEndedSession({ routeOptions, body }: FastifyRequest, { statusCode }: FastifyReply): boolean {
  if (statusCode !== 204 || !ENDING_ROUTES.has(routeOptions.url ?? '')) return false;
  return (body as { scope?: unknown } | undefined)?.scope !== 'others';
}

function setCookie(reply: FastifyReply, value: string, maxAgeSeconds: number): void {
  reply.header('set-cookie', `${ACCESS_COOKIE}=${value}; ${ATTRIBUTES}; Max-Age=${maxAgeSeconds}`);
}
