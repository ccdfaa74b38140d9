import { Injectable } from '@nestjs/common';
import { AUDIT_COLUMNS, NEW_AUDIT_ID } from '../../audit/audit-events.repository.js';
import { BatchConnections } from '../../database/batch-connections.js';
import { COMMIT_DURABLY } from '../../database/commit-durably.js';
import { GroupCommit } from '../../database/group-commit.js';
import { statement } from '../../database/statement.js';
import { IdentitiesRepository, type IdentityName } from '../../users/identities.repository.js';
import { PROFILE_COLUMNS, type ProfileRow } from '../../users/user-profile.js';
import { COMMIT_SAFELY, FEED_COLUMNS } from '../revocation/revocations.repository.js';
import { LIVE_COLUMNS, toLiveSession, type LiveRow, type LiveSession } from './live-session.js';
import type { EndedSession } from './session-ends.repository.js';
import { SessionsRepository, type NewSession, type SessionLimits } from './sessions.repository.js';

/** A sign-in by what WeChat vouched for, of somebody who is probably known by it. */
export interface KnownSignIn extends Pick<NewSession, 'id' | 'device' | 'traceId'> {
  readonly openid: IdentityName;
  readonly unionid: IdentityName | null;
}

/** What became of it; `opened` is null when another sign-in of the same device got in between. */
export interface KnownOpening {
  readonly opened: LiveSession | null;
  readonly ended: readonly EndedSession[];
  readonly person: ProfileRow;
}

/** A session that is to be opened. */
interface Opening {
  readonly signIn: KnownSignIn;
  readonly limits: SessionLimits;
}

/** The person, and the columns of a session, which are null where none was opened; `given` is the id it was to have. */
interface OpenedRow extends ProfileRow, Omit<LiveRow, 'id' | 'generation'> {
  readonly given: string;
  readonly generation: number | null;
  readonly ended: readonly EndedSession[];
}

// As `open_session`, for many people at once, each once, who are known by their openid and have no other unionid than the one
// given. Whoever it would have to wait for somebody is left out: for their own row, the identity's, or that of a session which
// has to end. Every row is found by an index.
const openKnownSessions = statement<OpenedRow>(
  'open_known_sessions',
  `with given as (
     select * from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
                          $9::text[])
       as given (id, app_id, openid, open_platform, unionid, device_id, device_name, device_platform, trace_id)),
   found as (
     select distinct on (i.user_id) given.*, i.id as identity_id, i.user_id from given cross join lateral (
       select id, user_id from identities
       where kind = 'wechat_openid' and issuer = given.app_id and subject = given.openid) as i
     where given.unionid is null or exists (
       select from identities u
       where u.kind = 'wechat_unionid' and u.issuer = given.open_platform and u.subject = given.unionid
         and u.user_id = i.user_id)),
   held as (
     select found.*, account.roles from found
     cross join lateral (
       select id, roles from users where id = found.user_id and status = 'active' for share skip locked) as account
     cross join lateral (
       select from identities where id = found.identity_id and user_id = account.id for key share skip locked) as identity),
   surplus as (
     select live.id, held.user_id, held.trace_id,
            case when live.app_id = held.app_id and live.device_id = held.device_id
                 then 'replaced' else 'evicted' end as reason
     from held cross join lateral (
       select id, app_id, device_id, row_number() over (
                order by (app_id = held.app_id and device_id = held.device_id) is true, rotated_at desc, id) as rank
       from sessions where user_id = held.user_id and revoked_at is null) as live
     where (live.app_id = held.app_id and live.device_id = held.device_id) or live.rank >= $12),
   taken as (
     select surplus.*, free.id is not null as is_mine from surplus left join lateral (
       select id from sessions where id = surplus.id and revoked_at is null for update skip locked) as free on true),
   ready as (select * from held where user_id not in (select user_id from taken where not is_mine)),
   ended as (
     update sessions s set revoked_at = now(), revoke_reason = taken.reason
     from taken where s.id = taken.id and taken.user_id not in (select user_id from taken where not is_mine)
     returning s.id, s.user_id, s.revoke_reason as reason, taken.trace_id),
   fed as (
     insert into revocations ${FEED_COLUMNS}
     select 'session', id::text, reason, now() + make_interval(secs => $13) from ended returning 1),
   opened as (
     insert into sessions (id, user_id, identity_id, app_id, amr, roles, device_id, device_name, device_platform,
                           idle_expires_at, absolute_expires_at)
     select id, user_id, identity_id, app_id, '{wx}', roles, device_id, device_name, device_platform,
            now() + make_interval(secs => $10), now() + make_interval(secs => $11)
     from ready where (select count(*) from ended) >= 0
     on conflict (user_id, app_id, device_id) where revoked_at is null do nothing
     returning ${LIVE_COLUMNS}),
   audited as (
     insert into audit_events ${AUDIT_COLUMNS}
     select ${NEW_AUDIT_ID}, 'session_revoked', user_id, 'system', null, id, null, reason, trace_id from ended
     union all
     select ${NEW_AUDIT_ID}, 'sign_in', user_id, 'user', user_id::text, id, app_id, null,
            ($9::text[])[array_position($1::uuid[], id)] from opened)
   select ready.id as given, opened.user_id, opened.app_id, opened.roles, opened.generation, opened.fork,
          opened.idle_seconds, opened.absolute_seconds, ${PROFILE_COLUMNS},
          (select coalesce(json_agg(json_build_object('id', ended.id, 'reason', ended.reason)), '[]')
             from ended where ended.user_id = ready.user_id) as ended, one.durable, announced.*
   from (select ${COMMIT_DURABLY} as durable) as one
   left join lateral (select ${COMMIT_SAFELY} from fed limit 1) as announced on true
   cross join ready join users u on u.id = ready.user_id left join opened on opened.id = ready.id`,
);

/** Opens sessions for whoever WeChat vouches for and is known: who they are, their session and its record in one. */
@Injectable()
export class KnownSignInsRepository {
  private readonly openings = new GroupCommit<Opening, KnownOpening | null>({
    keyOf: ({ signIn: { openid } }) => `${openid.issuer} ${openid.subject}`,
    together: (openings) => this.openTogether(openings),
    alone: (opening) => this.openAlone(opening),
  });

  constructor(
    private readonly batches: BatchConnections,
    private readonly identities: IdentitiesRepository,
    private readonly sessions: SessionsRepository,
  ) {}

  /**
   * Opens a session for the user whose openid it is, and ends those whose place it takes; what is held, and what may be
   * exceeded, is told at `SessionsRepository.open`.
   *
   * Null when there is more to decide: the openid is nobody's, the unionid not this user's or not known yet, or the user not
   * active. No session has been opened then.
   */
  async open(signIn: KnownSignIn, limits: SessionLimits): Promise<KnownOpening | null> {
    return this.openings.run({ signIn, limits });
  }

  private async openAlone({ signIn: { openid, unionid, ...session }, limits }: Opening): Promise<KnownOpening | null> {
    const found = await this.identities.findByWechat(openid, unionid);
    const person = found.find(({ matched }) => matched === 'wechat_openid');
    const byUnionid = found.find(({ matched }) => matched === 'wechat_unionid');
    if (!person || (unionid && byUnionid?.id !== person.id)) return null;
    const owner = { userId: person.id, identityId: person.identity_id, appId: openid.issuer, amr: ['wx'] as const };
    const result = await this.sessions.open({ ...session, ...owner }, limits);
    return result && { ...result, person };
  }

  private async openTogether(openings: readonly Opening[]): Promise<(KnownOpening | undefined)[]> {
    const signIns = openings.map(({ signIn }) => signIn);
    // One setting, the same for all.
    const { limits } = openings[0]!;
    const rows = await this.batches.query(openKnownSessions, [
      signIns.map(({ id }) => id),
      signIns.map(({ openid }) => openid.issuer),
      signIns.map(({ openid }) => openid.subject),
      signIns.map(({ unionid }) => unionid?.issuer ?? null),
      signIns.map(({ unionid }) => unionid?.subject ?? null),
      signIns.map(({ device }) => device.id),
      signIns.map(({ device }) => device.name),
      signIns.map(({ device }) => device.platform),
      signIns.map(({ traceId }) => traceId),
      ...[limits.idleSeconds, limits.absoluteSeconds, limits.perUser, limits.feedSeconds],
    ]);
    const openedById = new Map(rows.map((row) => [row.given, row]));
    return signIns.map(({ id }) => toKnownOpening(openedById.get(id)));
  }
}

function toKnownOpening(row: OpenedRow | undefined): KnownOpening | undefined {
  if (!row) return undefined;
  const { given, generation, ended } = row;
  const opened = generation === null ? null : toLiveSession({ ...row, id: given, generation });
  return { opened, ended, person: row };
}
