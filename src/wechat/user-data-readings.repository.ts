import { Injectable } from '@nestjs/common';
import { DELETION_CHUNK } from '../database/cleaning.js';
import { Database } from '../database/database.js';
import { statement } from '../database/statement.js';
import { KeyedHash } from '../secrets/keyed-hash.js';

// Data may come again from the session that brought it first: a lost answer is no theft. The first reading counts.
const claimReading = statement<{ session_id: string }>(
  'claim_user_data_reading',
  `insert into user_data_readings as r (data_hash, session_id) values ($1, $2)
   on conflict (data_hash) do update set
     session_id = case when r.read_at < now() - make_interval(secs => $3) then excluded.session_id else r.session_id end,
     read_at = case when r.read_at < now() - make_interval(secs => $3) then now() else r.read_at end
   returning session_id`,
);

const deleteOldReadings = statement<{ data_hash: Buffer }>(
  'delete_old_user_data_readings',
  `delete from user_data_readings where data_hash in (
     select data_hash from user_data_readings where read_at < now() - make_interval(secs => $1)
     order by read_at limit ${DELETION_CHUNK} for update skip locked)
   returning data_hash`,
);

// Twice as long as the data itself is believed by default.
const KEEP_SECONDS = 600;

/** Which session has shown which encrypted data. Nothing of the data is kept but a keyed hash. */
@Injectable()
export class UserDataReadingsRepository {
  constructor(
    private readonly database: Database,
    private readonly keyedHash: KeyedHash,
  ) {}

  /** Claims data for a session. False when another session has shown it in the last ten minutes; of two at once, one wins. */
  async claim(encryptedData: string, sessionId: string): Promise<boolean> {
    // Without the iv: of a changed one only the first block suffers.
    const hash = await this.keyedHash.of('user_data', encryptedData);
    const [reading] = await this.database.query(claimReading, [hash, sessionId, KEEP_SECONDS]);
    return reading?.session_id === sessionId;
  }

  /** Deletes a chunk of claims that no longer matter, and says how many. */
  async deleteOld(): Promise<number> {
    return (await this.database.query(deleteOldReadings, [KEEP_SECONDS])).length;
  }
}
