import { applyDecorators, createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { ApiHeader } from '@nestjs/swagger';
import { AppError } from '../../errors/app-error.js';
import { isPlainText } from '../../http/is-plain-text.js';
import type { ProofOffered } from './fresh-proof.js';

type Headers = Readonly<Record<string, string | string[] | undefined>>;

/**
 * The fresh proof that a request without a body carries in its headers. A header holds ASCII only, so the password comes
 * percent-encoded.
 *
 * @throws AppError VALIDATION_FAILED - a header that holds no code, or no password
 */
export const ProofHeaders = createParamDecorator((_data: unknown, context: ExecutionContext): ProofOffered => {
  const { headers } = context.switchToHttp().getRequest<{ headers: Headers }>();
  return { code: codeIn(headers['x-proof-code']), currentPassword: passwordIn(headers['x-proof-password']) };
});

/** Describes these headers. */
export const ApiProofHeaders = () =>
  applyDecorators(
    ApiHeader({ name: 'X-Proof-Code', required: false, description: 'A fresh code of wx.login of mine' }),
    ApiHeader({
      name: 'X-Proof-Password',
      required: false,
      description: 'In place of the code, my password through encodeURIComponent',
    }),
  );

function codeIn(header: Headers[string]): string | undefined {
  if (header === undefined) return undefined;
  if (typeof header === 'string' && /^[A-Za-z0-9_.-]{1,512}$/.test(header)) return header;
  throw new AppError('VALIDATION_FAILED', { detail: 'X-Proof-Code: must be 1 to 512 of A-Z a-z 0-9 _ . -' });
}

function passwordIn(header: Headers[string]): string | undefined {
  if (header === undefined) return undefined;
  const password = typeof header === 'string' ? decoded(header) : null;
  if (password !== null && isPlainText(password, 1, 128)) return password;
  throw new AppError('VALIDATION_FAILED', { detail: 'X-Proof-Password: must be a password, percent-encoded' });
}

function decoded(text: string): string | null {
  try {
    return /^[\x21-\x7e]+$/.test(text) ? decodeURIComponent(text) : null;
  } catch {
    return null;
  }
}
