import { Injectable } from '@nestjs/common';
import { person } from '../../audit/audit-event.js';
import { Database } from '../../database/database.js';
import { AppError } from '../../errors/app-error.js';
import { AccountErasure } from '../account-erasure.js';

/** Erases whoever asks for it. */
@Injectable()
export class OwnErasure {
  constructor(
    private readonly database: Database,
    private readonly erasure: AccountErasure,
  ) {}

  /**
   * Erases a person at their own wish, all in one transaction, and refuses their access tokens at once.
   *
   * @throws AppError SESSION_REVOKED - they were erased before
   */
  async erase(userId: string, traceId: string | null): Promise<void> {
    await this.erasure.prepare();
    const ended = await this.database.transaction((transaction) =>
      this.erasure.eraseWithin(transaction, userId, { actor: person(userId), traceId }),
    );
    if (!ended) throw new AppError('SESSION_REVOKED', { context: { userId } });
    this.erasure.forget(ended);
  }
}
