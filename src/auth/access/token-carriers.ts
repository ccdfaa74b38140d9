import { Injectable } from '@nestjs/common';
import { TokenSettings } from '../../config/settings.js';
import type { TokenCarrier } from '../../config/token-carriers.js';
import { AppError } from '../../errors/app-error.js';
import { ACCESS_COOKIE } from './access-cookie.js';

/** The part of a request that carries a token, the same on Fastify and Express. */
export interface RequestWithToken {
  readonly method: string;
  readonly headers: Headers;
}

type Headers = Readonly<Record<string, string | string[] | undefined>>;
type Carrier = (headers: Headers) => string | null;

const BEARER = /^Bearer +([^\s]+) *$/i;
// A client that has no token yet and writes the scheme all the same.
const SCHEME_ALONE = /^Bearer$/i;
const ONE_WORD = /^[^\s]+$/;

const HEADERS: Readonly<Record<Exclude<TokenCarrier, 'cookie'>, Carrier>> = {
  bearer: bearerTokenOf,
  authorization: ({ authorization }) => {
    const token = withoutScheme(authorization);
    // Another scheme has its credentials behind a space.
    return token !== null && ONE_WORD.test(token) ? token : null;
  },
  authentication: ({ authentication }) => withoutScheme(authentication),
  sid: ({ sid }) => textOf(sid),
};

// A page of another site can make a browser send its cookies along, but not with any of these methods, or not unnoticed:
// nothing is done on GET and HEAD, and a DELETE is announced by a preflight, which nobody here answers.
const HARMLESS_METHODS = new Set(['GET', 'HEAD', 'DELETE']);

/** Knows where requests may carry their access token: what `TOKEN_CARRIERS` names, and nowhere else. */
@Injectable()
export class TokenCarriers {
  /**
   * The access token of a request, or null when it carries none. Whether the token is good is not looked at.
   *
   * @throws AppError ACCESS_TOKEN_INVALID - it carries two that differ; FORBIDDEN - it carries one as a cookie alone, and
   *   another site may have sent it
   */
  readonly tokenOf: (request: RequestWithToken) => string | null;

  private readonly inHeaders: Carrier;
  private readonly takesCookie: boolean;

  constructor({ carriers }: TokenSettings) {
    this.takesCookie = carriers.includes('cookie');
    this.inHeaders = oneOf(carriers.filter((carrier) => carrier !== 'cookie').map((carrier) => HEADERS[carrier]));
    const { inHeaders } = this;
    this.tokenOf = this.takesCookie
      ? (request) => withCookie(request, inHeaders(request.headers))
      : ({ headers }) => inHeaders(headers);
  }

  /** Whether a request that carries a token has it as a cookie alone. */
  isByCookie({ headers }: RequestWithToken): boolean {
    return this.takesCookie && this.inHeaders(headers) === null;
  }
}

/** RFC 6750 section 2.1. */
function bearerTokenOf({ authorization }: Headers): string | null {
  return typeof authorization === 'string' ? (BEARER.exec(authorization)?.[1] ?? null) : null;
}

/** Anything but nothing is meant for a token: two headers of one name arrive as one text, which no token is. */
function textOf(header: string | string[] | undefined): string | null {
  return typeof header === 'string' && header !== '' ? header : null;
}

function withoutScheme(header: string | string[] | undefined): string | null {
  const text = textOf(header);
  if (text === null || SCHEME_ALONE.test(text)) return null;
  return BEARER.exec(text)?.[1] ?? text;
}

function oneOf(carriers: readonly Carrier[]): Carrier {
  const [first, ...others] = carriers;
  if (!first) return () => null;
  return others.length === 0
    ? first
    : (headers) => others.reduce((found, carrier) => agreed(found, carrier(headers)), first(headers));
}

function withCookie(request: RequestWithToken, inHeaders: string | null): string | null {
  const token = agreed(inHeaders, cookieOf(request.headers));
  if (token !== null && inHeaders === null) demandJson(request);
  return token;
}

function agreed(one: string | null, other: string | null): string | null {
  if (one !== null && other !== null && one !== other) throw disagreement();
  return one ?? other;
}

/**
 * The cookie's value. Another host of the same site can add a cookie of this name, and nothing tells which is ours; so two
 * that differ are none.
 */
function cookieOf({ cookie }: Headers): string | null {
  if (typeof cookie !== 'string') return null;
  const values = cookie
    .split(';')
    .map((pair) => pair.trim())
    .filter((pair) => pair.startsWith(`${ACCESS_COOKIE}=`))
    .map((pair) => pair.slice(ACCESS_COOKIE.length + 1));
  if (values.some((value) => value !== values[0])) throw disagreement();
  return values[0] || null;
}

function disagreement(): AppError {
  return new AppError('ACCESS_TOKEN_INVALID', { context: { reason: 'carriers disagree' } });
}

/** A form or a text of another site carries the cookie without asking first; `application/json` does not. */
function demandJson({ method, headers }: RequestWithToken): void {
  if (HARMLESS_METHODS.has(method)) return;
  const type = String(headers['content-type'] ?? '').split(';', 1)[0]!;
  if (type.trim().toLowerCase() === 'application/json') return;
  throw new AppError('FORBIDDEN', { detail: 'By cookie, only application/json is accepted here.' });
}
