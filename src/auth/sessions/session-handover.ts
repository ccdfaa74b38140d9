import { Injectable } from '@nestjs/common';
import { SELF } from '../../audit/audit-event.js';
import type { Queries } from '../../database/statement.js';
import { AppError } from '../../errors/app-error.js';
import type { Principal } from '../access/principal.js';
import { SessionEnding } from './session-ending.js';
import type { EndedSession } from './session-ends.repository.js';
import type { AuthenticationMethod } from './session.entity.js';
import { SessionHandoverRepository } from './session-handover.repository.js';
import { Sessions } from './sessions.js';
import type { Tokens } from './tokens.dto.js';

/** Who is who after a merge, and in which request it was done. */
export interface Handover {
  readonly survivorId: string;
  readonly absorbedId: string;
  readonly traceId: string | null;
}

/** Lets the person who merges two accounts go on as the one that survives. */
@Injectable()
export class SessionHandover {
  constructor(
    private readonly repository: SessionHandoverRepository,
    private readonly ending: SessionEnding,
    private readonly sessions: Sessions,
  ) {}

  /**
   * Ends all sessions of the absorbed user and the caller's own, and opens one of the survivor for the caller's device,
   * within the caller's transaction, which holds both users. What it answers is good once that has committed.
   *
   * @throws AppError SESSION_EXPIRED - the caller's session has ended meanwhile
   */
  async within(
    transaction: Queries,
    { userId, sessionId, appId }: Principal,
    { survivorId, absorbedId, traceId }: Handover,
  ): Promise<{ tokens: Tokens; ended: EndedSession[] }> {
    const before = await this.repository.lock(transaction, sessionId, userId);
    if (!before) throw new AppError('SESSION_EXPIRED', { context: { sessionId } });

    const ending = { reason: 'merged', actor: SELF, traceId } as const;
    const own = await this.ending.endWithin(transaction, sessionId, 'session_revoked', ending);
    const others = await this.ending.endAllWithin(transaction, absorbedId, ending);
    const { identityId, device } = before;
    const amr = userId === survivorId ? before.amr : withoutRank(before.amr);
    const session = { userId: survivorId, identityId, appId, amr, device, traceId };
    const { tokens, ended } = await this.sessions.openWithin(transaction, session);
    return { tokens, ended: [...own, ...others, ...ended] };
  }

  /** Makes this process refuse the access tokens of sessions whose end has been committed. */
  forget(ended: readonly EndedSession[]): void {
    this.ending.forget(ended);
  }
}

/** A one-time password of the absorbed account lets nobody in as an admin of the survivor. */
function withoutRank(amr: readonly AuthenticationMethod[]): AuthenticationMethod[] {
  return amr.filter((method) => method !== 'otp');
}
