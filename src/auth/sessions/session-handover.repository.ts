import { Injectable } from '@nestjs/common';
import { statement, type Queries } from '../../database/statement.js';
import type { AuthenticationMethod } from './session.entity.js';
import { IS_LIVE } from './live-session.js';

/** How a session was opened. */
export interface SessionOpening {
  /** null also when it was unlinked since. */
  readonly identityId: string | null;
  readonly amr: readonly AuthenticationMethod[];
  readonly device: { readonly id: string | null; readonly name: string | null; readonly platform: string | null };
}

const lockLiveSession = statement<SessionOpening>(
  'lock_live_session',
  `select (select i.id from identities i where i.id = s.identity_id) as "identityId", amr,
          json_build_object('id', device_id, 'name', device_name, 'platform', device_platform) as device
   from sessions s where id = $1 and user_id = $2 and ${IS_LIVE} for update`,
);

/** Sessions that another one is about to follow. */
@Injectable()
export class SessionHandoverRepository {
  /** Holds a live session of this user until the transaction ends: it neither ends nor refreshes meanwhile. */
  async lock(transaction: Queries, sessionId: string, userId: string): Promise<SessionOpening | null> {
    const [opening] = await transaction.query(lockLiveSession, [sessionId, userId]);
    return opening ?? null;
  }
}
