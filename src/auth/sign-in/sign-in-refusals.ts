import { Injectable } from '@nestjs/common';
import { Audit } from '../../audit/audit.js';
import { AppError } from '../../errors/app-error.js';
import type { Remedy } from '../../errors/catalog.js';

/** A sign-in that is being tried. */
export interface SignInAttempt {
  /** null where only the error knows it. */
  readonly appId: string | null;
  readonly traceId: string | null;
}

// A malformed request, an outage and a quota say nothing about who tried to sign in.
const REFUSALS: readonly Remedy[] = ['login-again', 'ask-user', 'stop'];

/** Notes in the audit log who was refused a sign-in, and why. */
@Injectable()
export class SignInRefusals {
  constructor(private readonly audit: Audit) {}

  /** Notes an error if it is a refusal. It is noted as the user's of whom the error speaks; the person may be another. */
  note(error: unknown, { appId, traceId }: SignInAttempt): void {
    if (!(error instanceof AppError) || !REFUSALS.includes(error.entry.remedy)) return;
    this.audit.note({
      event: 'sign_in_failed',
      actor: { kind: 'user', id: null },
      userId: idIn(error, 'userId'),
      appId: appId ?? idIn(error, 'appId'),
      reason: error.code,
      traceId,
    });
  }
}

function idIn({ context }: AppError, name: 'userId' | 'appId'): string | null {
  const id = context?.[name];
  return typeof id === 'string' ? id : null;
}
