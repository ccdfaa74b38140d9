import { Injectable } from '@nestjs/common';
import { Sealer } from '../crypto/sealer.js';
import { Database } from '../database/database.js';
import { statement } from '../database/statement.js';
import { placeIn, type SealedColumn } from '../secrets/sealed-column.js';
import {
  FORCED_APART_SECONDS,
  FORCED_A_DAY,
  SharedAccessTokens,
  fingerprintOf,
  type AccessToken,
} from './shared-access-tokens.js';

/** Where access_tokens are sealed. */
export const ACCESS_TOKEN: SealedColumn = {
  table: 'wechat_access_tokens',
  column: 'token_sealed',
  key: { app_id: 'text' },
};

const selectToken = statement<{ sealed: Buffer; secondsLeft: number }>(
  'select_access_token',
  `select token_sealed as sealed, extract(epoch from expires_at - now())::float8 as "secondsLeft"
   from wechat_access_tokens where app_id = $1 and expires_at > now()`,
);

const offerToken = statement<never>(
  'offer_access_token',
  `insert into wechat_access_tokens as held (app_id, token_sealed, fingerprint, expires_at)
   values ($1, $2, $3, now() + make_interval(secs => $4))
   on conflict (app_id) do update
   set token_sealed = excluded.token_sealed, fingerprint = excluded.fingerprint, expires_at = excluded.expires_at
   where held.expires_at is null or held.expires_at < excluded.expires_at`,
);

const dropToken = statement<never>(
  'drop_access_token',
  `update wechat_access_tokens set token_sealed = null, fingerprint = null, expires_at = null
   where app_id = $1 and fingerprint = $2`,
);

// Beijing is UTC+8 all year; written out, because the embedded database knows no names of time zones.
const TODAY = `((now() at time zone 'UTC') + interval '8 hours')::date`;

const takeForcedRenewal = statement<{ taken: boolean }>(
  'take_forced_access_token_renewal',
  `insert into wechat_access_tokens as held (app_id, forced_at, forced_on, forced_count)
   values ($1, now(), ${TODAY}, 1)
   on conflict (app_id) do update
   set forced_at = excluded.forced_at, forced_on = excluded.forced_on,
       forced_count = case when held.forced_on = excluded.forced_on then held.forced_count + 1 else 1 end
   where (held.fingerprint is null or held.fingerprint = $2)
     and (held.forced_at is null or held.forced_at <= now() - make_interval(secs => ${FORCED_APART_SECONDS}))
     and (held.forced_on is distinct from excluded.forced_on or held.forced_count < ${FORCED_A_DAY})
   returning true as taken`,
);

/** Leaves access_tokens in the database; its clock decides what is newer. */
@Injectable()
export class AccessTokensRepository implements SharedAccessTokens {
  constructor(
    private readonly database: Database,
    private readonly sealer: Sealer,
  ) {}

  /** @throws SealError - the token was sealed with a master key that is not configured */
  async find(appId: string): Promise<AccessToken | null> {
    const [held] = await this.database.query(selectToken, [appId]);
    if (!held) return null;
    return {
      value: this.sealer.open(held.sealed, placeIn(ACCESS_TOKEN, appId)).toString('utf8'),
      secondsLeft: held.secondsLeft,
    };
  }

  async offer(appId: string, { value, secondsLeft }: AccessToken): Promise<void> {
    const sealed = this.sealer.seal(Buffer.from(value, 'utf8'), placeIn(ACCESS_TOKEN, appId));
    await this.database.query(offerToken, [appId, sealed, fingerprintOf(value), secondsLeft]);
  }

  async drop(appId: string, value: string): Promise<void> {
    await this.database.query(dropToken, [appId, fingerprintOf(value)]);
  }

  async takeForcedRenewal(appId: string, refused: string): Promise<boolean> {
    return (await this.database.query(takeForcedRenewal, [appId, fingerprintOf(refused)])).length > 0;
  }
}
