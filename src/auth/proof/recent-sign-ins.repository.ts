import { Injectable } from '@nestjs/common';
import { Database } from '../../database/database.js';
import { statement } from '../../database/statement.js';

// A code by SMS proves for this long who is holding the phone.
const RECENT_SECONDS = 600;

const findRecentSms = statement<{ id: string }>(
  'find_recent_sms_session',
  `select id from sessions
   where id = $1 and 'sms' = any(amr) and revoked_at is null and created_at > now() - make_interval(secs => ${RECENT_SECONDS})`,
);

/** How and when sessions were opened. */
@Injectable()
export class RecentSignInsRepository {
  constructor(private readonly database: Database) {}

  /** Whether the session is alive and was opened by a code by SMS within the last 10 minutes. */
  async isRecentSms(sessionId: string): Promise<boolean> {
    return (await this.database.query(findRecentSms, [sessionId])).length === 1;
  }
}
