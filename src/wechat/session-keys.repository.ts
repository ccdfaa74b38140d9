import { createHash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { Sealer } from '../crypto/sealer.js';
import { BatchConnections } from '../database/batch-connections.js';
import { Database } from '../database/database.js';
import { GroupCommit } from '../database/group-commit.js';
import { statement, type Queries } from '../database/statement.js';
import { placeIn, type SealedColumn } from '../secrets/sealed-column.js';

/** A person of WeChat's within one app. */
export interface WechatAccount {
  readonly appId: string;
  readonly openid: string;
}

/** A session_key on its way into the vault. */
interface SealedKey extends WechatAccount {
  readonly sealed: Buffer;
  readonly fingerprint: Buffer;
  readonly calledAt: Date;
}

/** Where session_keys are sealed. */
export const SESSION_KEY: SealedColumn = {
  table: 'wechat_sessions',
  column: 'session_key_sealed',
  key: { app_id: 'text', openid: 'text' },
};

/** The same for the key before; it moves over from the other column as it is. */
export const PREVIOUS_SESSION_KEY: SealedColumn = {
  ...SESSION_KEY,
  column: 'previous_session_key_sealed',
  sealedAs: 'session_key_sealed',
};

// The answer to the call that began last holds the newest key, whichever answer arrives first. The key that is not the
// newest becomes the one before; the same key again changes nothing but the time. `w` is the row, `excluded` what came.
const KEEP_NEWEST = `
  previous_session_key_sealed = case
    when excluded.fingerprint = w.fingerprint then w.previous_session_key_sealed
    when excluded.called_at >= w.called_at then w.session_key_sealed
    else excluded.session_key_sealed end,
  session_key_sealed = case
    when excluded.fingerprint <> w.fingerprint and excluded.called_at >= w.called_at then excluded.session_key_sealed
    else w.session_key_sealed end,
  fingerprint = case when excluded.called_at >= w.called_at then excluded.fingerprint else w.fingerprint end,
  called_at = greatest(excluded.called_at, w.called_at)`;

const COLUMNS = '(app_id, openid, session_key_sealed, fingerprint, called_at)';

const keepSessionKey = statement<never>(
  'keep_session_key',
  `insert into wechat_sessions as w ${COLUMNS} values ($1, $2, $3, $4, $5)
   on conflict (app_id, openid) do update set ${KEEP_NEWEST}`,
);

// The same for many, each by its index. A row that somebody else holds is left out, and so is one that has just come.
const keepSessionKeys = statement<{ app_id: string; openid: string }>(
  'keep_session_keys',
  `with given as (
     select * from unnest($1::text[], $2::text[], $3::bytea[], $4::bytea[], $5::timestamptz[]) as given ${COLUMNS}),
   held as (
     select given.* from given cross join lateral (
       select from wechat_sessions w where w.app_id = given.app_id and w.openid = given.openid
       for update skip locked) as free),
   changed as (
     update wechat_sessions w set ${KEEP_NEWEST}
     from held as excluded where w.app_id = excluded.app_id and w.openid = excluded.openid
     returning w.app_id, w.openid),
   added as (
     insert into wechat_sessions ${COLUMNS}
     select * from given where not exists (
       select from wechat_sessions w where w.app_id = given.app_id and w.openid = given.openid)
     on conflict (app_id, openid) do nothing
     returning app_id, openid)
   select * from changed union all select * from added`,
);

const findSessionKeys = statement<{ current: Buffer; previous: Buffer | null }>(
  'find_session_keys',
  `select session_key_sealed as current, previous_session_key_sealed as previous
   from wechat_sessions where app_id = $1 and openid = $2`,
);

const forgetSessionKeys = statement<never>(
  'forget_session_keys',
  'delete from wechat_sessions where app_id = $1 and openid = $2',
);

/**
 * The vault of session_keys, sealed. Whoever holds one can forge data of its person, so none ever leaves the process.
 *
 * A session_key is base64 text here, as WeChat gives it.
 */
@Injectable()
export class SessionKeysRepository {
  private readonly keeping = new GroupCommit<SealedKey, true>({
    keyOf: ({ appId, openid }) => rowOf(appId, openid),
    together: (keys) => this.keepTogether(keys),
    alone: (key) => this.keepAlone(key),
  });

  constructor(
    private readonly database: Database,
    private readonly batches: BatchConnections,
    private readonly sealer: Sealer,
  ) {}

  /** Keeps a key that WeChat answered; `calledAt` is when that call began. Of several at once, the newest call's is current. */
  async keep({ appId, openid }: WechatAccount, sessionKey: string, calledAt: Date): Promise<void> {
    const sealed = this.sealer.seal(Buffer.from(sessionKey, 'utf8'), placeIn(SESSION_KEY, appId, openid));
    await this.keeping.run({ appId, openid, sealed, fingerprint: fingerprintOf(sessionKey), calledAt });
  }

  /** The current key and the one before, newest first; none when this person has not signed in here. @throws SealError */
  async find({ appId, openid }: WechatAccount): Promise<string[]> {
    const [row] = await this.database.query(findSessionKeys, [appId, openid]);
    return [row?.current, row?.previous]
      .filter((sealed): sealed is Buffer => sealed instanceof Buffer)
      .map((sealed) => this.sealer.open(sealed, placeIn(SESSION_KEY, appId, openid)).toString('utf8'));
  }

  /** Deletes both keys of a person within one app, within the caller's transaction. */
  async forget(transaction: Queries, { appId, openid }: WechatAccount): Promise<void> {
    await transaction.query(forgetSessionKeys, [appId, openid]);
  }

  private async keepAlone({ appId, openid, sealed, fingerprint, calledAt }: SealedKey): Promise<true> {
    await this.database.query(keepSessionKey, [appId, openid, sealed, fingerprint, calledAt]);
    return true;
  }

  private async keepTogether(keys: readonly SealedKey[]): Promise<(true | undefined)[]> {
    const rows = await this.batches.query(keepSessionKeys, [
      keys.map(({ appId }) => appId),
      keys.map(({ openid }) => openid),
      keys.map(({ sealed }) => sealed),
      keys.map(({ fingerprint }) => fingerprint),
      keys.map(({ calledAt }) => calledAt),
    ]);
    const kept = new Set(rows.map((row) => rowOf(row.app_id, row.openid)));
    return keys.map(({ appId, openid }) => (kept.has(rowOf(appId, openid)) ? true : undefined));
  }
}

// Neither an AppID nor an openid has a space.
function rowOf(appId: string, openid: string): string {
  return `${appId} ${openid}`;
}

// 128 random bits cannot be guessed from their hash.
function fingerprintOf(sessionKey: string): Buffer {
  return createHash('sha256').update(sessionKey).digest().subarray(0, 16);
}
