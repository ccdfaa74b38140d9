import { createHash, timingSafeEqual } from 'node:crypto';
import { Inject, Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { AppError } from '../errors/app-error.js';

/** Token of the secret that opens the control routes; null leaves them open. */
export const CONTROL_TOKEN = Symbol('CONTROL_TOKEN');

/**
 * Lets a call of the control routes through if it carries the control token, or if there is none.
 *
 * Who controls the sandbox can sign in as anybody, so a sandbox without a token must listen on the loopback address only.
 *
 * @throws AppError FORBIDDEN
 */
@Injectable()
export class SandboxControlGuard implements CanActivate {
  private readonly expected: Buffer | null;

  constructor(@Inject(CONTROL_TOKEN) controlToken: string | null) {
    this.expected = controlToken === null ? null : digest(controlToken);
  }

  canActivate(context: ExecutionContext): boolean {
    if (!this.expected) return true;
    const { authorization = '' } = context.switchToHttp().getRequest<FastifyRequest>().headers;
    const [, token = ''] = /^Bearer +(\S+)$/i.exec(authorization) ?? [];
    if (!timingSafeEqual(digest(token), this.expected)) throw new AppError('FORBIDDEN');
    return true;
  }
}

// Equal lengths for the comparison, whatever was sent.
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
