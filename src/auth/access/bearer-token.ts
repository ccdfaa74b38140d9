const BEARER = /^Bearer +([^\s]+) *$/i;

/** The part of a request that carries a token, the same on Fastify and Express. */
export interface RequestWithHeaders {
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

/** The access token of a request (RFC 6750 section 2.1), or null when it carries none. */
export function bearerTokenOf(request: RequestWithHeaders): string | null {
  const { authorization } = request.headers;
  if (typeof authorization !== 'string') return null;
  return BEARER.exec(authorization)?.[1] ?? null;
}
