import { Injectable } from '@nestjs/common';
import { Database } from '../../database/database.js';
import { statement, type Queries } from '../../database/statement.js';
import { lockUser } from '../../users/lock-user.js';
import type { RevokeReason } from '../revocation/revoke-reason.js';
import { IS_LIVE, toLiveSession, type LiveSession } from './live-session.js';
import type { EndedSession } from './session-ends.repository.js';
import type { AuthenticationMethod } from './session.entity.js';
import { openSession, type OpenedRow } from './session-opening.statements.js';

export interface NewSession {
  readonly id: string;
  readonly userId: string;
  readonly identityId: string | null;
  readonly appId: string;
  readonly amr: readonly AuthenticationMethod[];
  readonly device: { readonly id: string | null; readonly name: string | null; readonly platform: string | null };
  /** Of the request that signs in. */
  readonly traceId: string | null;
  /** The session is opened only while this is the version of the user's password. */
  readonly passwordVersion?: number;
}

/** How long what is opened lives, and how many sessions a person may have. Seconds. */
export interface SessionLimits {
  readonly idleSeconds: number;
  readonly absoluteSeconds: number;
  readonly perUser: number;
  /** How long the feed must speak of a dead session. */
  readonly feedSeconds: number;
}

/** A live session as its person sees it. */
export interface DeviceRow {
  readonly id: string;
  readonly app_id: string;
  readonly device_name: string | null;
  readonly device_platform: string | null;
  readonly created_at: Date;
  readonly rotated_at: Date;
}

const findLiveOfUser = statement<DeviceRow>(
  'find_live_sessions_of_user',
  `select id, app_id, device_name, device_platform, created_at, rotated_at
   from sessions where user_id = $1 and ${IS_LIVE} order by rotated_at desc, id`,
);

/** Whether a session is over, and why, as the database knows it now. */
export interface Standing {
  readonly userId: string;
  readonly appId: string;
  readonly revokeReason: RevokeReason | null;
  readonly expired: boolean;
}

const findStanding = statement<Standing>(
  'find_session_standing',
  `select s.user_id as "userId", s.app_id as "appId",
          case u.status when 'active' then s.revoke_reason when 'disabled' then 'disabled'
               else coalesce(s.revoke_reason, 'signed_out') end as "revokeReason",
          s.idle_expires_at <= now() as expired
   from sessions s join users u on u.id = s.user_id where s.id = $1`,
);

const findWechatAccount = statement<{ appId: string; openid: string }>(
  'find_wechat_account_of_session',
  `select i.issuer as "appId", i.subject as openid from sessions s join identities i on i.id = s.identity_id
   where s.id = $1 and i.kind = 'wechat_openid' and i.user_id = s.user_id`,
);

const setIdentity = statement<never>('set_session_identity', 'update sessions set identity_id = $2 where id = $1');

/** The sessions table: opening and listing. What a new session ends is written to the feed in the same transaction. */
@Injectable()
export class SessionsRepository {
  constructor(private readonly database: Database) {}

  /**
   * Opens a session, and ends those whose place it takes. Null when the user is not active, or no longer has the identity.
   *
   * Holds the user's row and then the identity's, so that a disable or a withdrawal waits for it or is seen by it. Of many simultaneous sign-ins of one person
   * the maximum may be exceeded until the next one; one device never has two live sessions.
   */
  async open(
    session: NewSession,
    limits: SessionLimits,
  ): Promise<{ opened: LiveSession; ended: EndedSession[] } | null> {
    const first = await this.tryOpen(this.database, session, limits);
    if (!first || first.id !== null) return toOpened(first);
    // Another sign-in of the same device came first. While this one holds the user's row, none comes in between again.
    const second = await this.database.transaction(async (transaction) => {
      await transaction.query(lockUser, [session.userId]);
      return this.tryOpen(transaction, session, limits);
    });
    return toOpened(second, first.ended);
  }

  /** The same within the caller's transaction, which holds the user's row for update. */
  async openWithin(
    transaction: Queries,
    session: NewSession,
    limits: SessionLimits,
  ): Promise<{ opened: LiveSession; ended: EndedSession[] } | null> {
    return toOpened(await this.tryOpen(transaction, session, limits));
  }

  /** The row's id is null when another sign-in of the device came first; there is no row when the user is not active. */
  private async tryOpen(queries: Queries, session: NewSession, limits: SessionLimits): Promise<OpenedRow | null> {
    const { id, userId, identityId, appId, amr, device, traceId } = session;
    const [row] = await queries.query(openSession, [
      ...[id, userId, identityId, appId, amr, device.id, device.name, device.platform],
      ...[limits.idleSeconds, limits.absoluteSeconds, limits.perUser, limits.feedSeconds, traceId],
      session.passwordVersion ?? null,
    ]);
    return row ?? null;
  }

  async findLiveOfUser(userId: string): Promise<DeviceRow[]> {
    return this.database.query(findLiveOfUser, [userId]);
  }

  /** Makes a session speak for another identity of its user, within the caller's transaction. */
  async speakFor(transaction: Queries, sessionId: string, identityId: string): Promise<void> {
    await transaction.query(setIdentity, [sessionId, identityId]);
  }

  /** The openid that opened the session, or was last linked in it; null when there is none any more. */
  async findWechatAccount(sessionId: string): Promise<{ appId: string; openid: string } | null> {
    const [account] = await this.database.query(findWechatAccount, [sessionId]);
    return account ?? null;
  }

  /** Null when there is no such session. */
  async findStanding(sessionId: string): Promise<Standing | null> {
    const [row] = await this.database.query(findStanding, [sessionId]);
    return row ?? null;
  }
}

function toOpened(row: OpenedRow | null, endedBefore: readonly EndedSession[] = []) {
  if (!row) return null;
  if (row.id === null) throw new Error('a device signed in past the lock on its user');
  return { opened: toLiveSession(row), ended: [...endedBefore, ...row.ended] };
}
