import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { OAuthError } from './oauth-error.js';

/** The parameters of an OAuth request, each at most once. Unknown ones are kept and ignored (RFC 6749 section 3.2). */
export type OAuthParameters = Readonly<Record<string, string | undefined>>;

/** The form of an OAuth request. */
export const OAuthForm = createParamDecorator((_data: unknown, context: ExecutionContext) =>
  oauthParameters(context.switchToHttp().getRequest<{ body: unknown }>().body),
);

/** @throws OAuthError invalid_request - no form, or a parameter that is sent twice */
export function oauthParameters(body: unknown): OAuthParameters {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw new OAuthError('invalid_request', 'The body must be a form.');
  }
  if (Object.values(body).some((value) => typeof value !== 'string')) {
    throw new OAuthError('invalid_request', 'A parameter is sent twice or is no text.');
  }
  return body as OAuthParameters;
}

/** @throws OAuthError invalid_request - the parameter is missing or empty */
export function requiredParameter(parameters: OAuthParameters, name: string): string {
  const value = Object.hasOwn(parameters, name) ? parameters[name] : undefined;
  if (!value) throw new OAuthError('invalid_request', `The parameter ${name} is missing.`);
  return value;
}
