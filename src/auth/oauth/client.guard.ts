import { createHash, timingSafeEqual } from 'node:crypto';
import { Injectable, createParamDecorator, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { OAuthSettings, type OAuthClient } from '../../config/settings.js';
import { OAuthError } from './oauth-error.js';
import { oauthParameters } from './oauth-form.js';

interface ClientRequest {
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: unknown;
  client?: OAuthClient;
}

interface Credentials {
  readonly clientId: string;
  readonly secret: string;
}

/** The back end that `ClientGuard` has let through. */
export const CurrentClient = createParamDecorator(
  (_data: unknown, context: ExecutionContext) => context.switchToHttp().getRequest<ClientRequest>().client,
);

// Compared with when the client is unknown, so that its answer takes as long.
const NO_HASH = Buffer.alloc(32);

/** Lets registered back ends through: `client_secret_basic` or `client_secret_post` (RFC 6749 section 2.3.1). */
@Injectable()
export class ClientGuard implements CanActivate {
  constructor(private readonly settings: OAuthSettings) {}

  /** @throws OAuthError invalid_client, invalid_request */
  canActivate(context: ExecutionContext): true {
    const request = context.switchToHttp().getRequest<ClientRequest>();
    const { clientId, secret } = credentialsOf(request);
    const client = this.settings.clients.find((candidate) => candidate.clientId === clientId);
    const given = createHash('sha256').update(secret).digest();
    if (!timingSafeEqual(given, client?.secretHash ?? NO_HASH) || !client) {
      throw new OAuthError('invalid_client', 'The client is unknown or its secret is wrong.');
    }
    request.client = client;
    return true;
  }
}

function credentialsOf(request: ClientRequest): Credentials {
  const basic = /^Basic +([A-Za-z0-9+/=_-]+) *$/i.exec(request.headers['authorization'] ?? '')?.[1];
  const parameters = oauthParameters(request.body ?? {});
  if (basic && parameters['client_secret'] !== undefined) {
    throw new OAuthError('invalid_request', 'The client authenticates in two ways at once.');
  }
  if (basic) return basicCredentials(basic);
  const { client_id: clientId, client_secret: secret } = parameters;
  if (!clientId || !secret) throw new OAuthError('invalid_client', 'The client does not authenticate.');
  return { clientId, secret };
}

function basicCredentials(encoded: string): Credentials {
  const text = Buffer.from(encoded, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  try {
    return { clientId: formDecode(text.slice(0, colon)), secret: formDecode(text.slice(colon + 1)) };
  } catch {
    throw new OAuthError('invalid_client', 'The credentials cannot be read.');
  }
}

function formDecode(text: string): string {
  return decodeURIComponent(text.replaceAll('+', ' '));
}
