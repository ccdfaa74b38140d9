import { Injectable } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import { AUDIT_COLUMNS, NEW_AUDIT_ID } from '../audit/audit-events.repository.js';
import { Database, Rollback } from '../database/database.js';
import { statement, type Queries } from '../database/statement.js';
import type { IdentityKind } from './identity.entity.js';
import { PROFILE_COLUMNS, type ProfileRow } from './user-profile.js';

/** An identity as the outside world names it: kind, issuer and subject, together unique. */
export interface IdentityName {
  readonly kind: IdentityKind;
  readonly issuer: string;
  readonly subject: string;
}

/** A person found by one of their identities. */
export interface FoundRow extends ProfileRow {
  readonly identity_id: string;
  readonly matched: IdentityKind;
}

const findByName = statement<FoundRow>(
  'find_by_identity',
  `select i.id as identity_id, i.kind as matched, ${PROFILE_COLUMNS}
   from identities i join users u on u.id = i.user_id where i.kind = $1 and i.issuer = $2 and i.subject = $3`,
);

const findOwnIdentity = statement<{ id: string }>(
  'find_own_identity',
  'select id from identities where user_id = $1 and kind = $2 and issuer = $3 and subject = $4',
);

const findHeldIdentity = statement<{ id: string }>(
  'find_held_identity',
  'select id from identities where id = $1 and user_id = $2',
);

const findByWechat = statement<FoundRow>(
  'find_by_wechat',
  `with found as (
     select id, kind, user_id from identities where kind = 'wechat_openid' and issuer = $1 and subject = $2
     union all
     select id, kind, user_id from identities where kind = 'wechat_unionid' and issuer = $3 and subject = $4
   )
   select f.id as identity_id, f.kind as matched, ${PROFILE_COLUMNS}
   from found f join users u on u.id = f.user_id`,
);

const insertUser = statement<never>(
  'insert_user',
  `with created as (insert into users (id) values ($1) returning id)
   insert into audit_events ${AUDIT_COLUMNS}
   select ${NEW_AUDIT_ID}, 'user_created', id, 'user', id::text, null, $2, null, $3 from created`,
);

const insertIdentities = statement<{ id: string }>(
  'insert_identities',
  `insert into identities (id, user_id, kind, issuer, subject)
   select id, $1, kind, issuer, subject
   from unnest($2::uuid[], $3::text[], $4::text[], $5::text[]) as given (id, kind, issuer, subject)
   on conflict (kind, issuer, subject) do nothing
   returning id`,
);

// Nobody who was erased since they were found gets an identity again: it would lead to a dead end for good.
const linkIdentity = statement<{ id: string }>(
  'link_identity',
  `with linked as (
     insert into identities (id, user_id, kind, issuer, subject)
     select $1, person.id, $3, $4, $5 from (select id from users where id = $2 and status <> 'erased' for share) as person
     on conflict (kind, issuer, subject) do nothing
     returning id, user_id, kind),
   audited as (
     insert into audit_events ${AUDIT_COLUMNS}
     select ${NEW_AUDIT_ID}, 'identity_linked', user_id, 'user', user_id::text, null, $6, kind, $7 from linked)
   select id from linked`,
);

const insertConsent = statement<never>(
  'insert_consent',
  'insert into consents (user_id, policy_version, app_id) values ($1, $2, $3)',
);

/** Somebody who is to become a user. */
export interface Newcomer {
  readonly identities: readonly IdentityName[];
  /** The version of the privacy policy they agreed to, if they were asked. */
  readonly policyVersion: string | null;
}

/** Where an identity was shown: the app, and the request. */
export interface Appearance {
  readonly appId: string | null;
  readonly traceId: string | null;
}

/** The identities table. Whether two sign-ins are of one person is decided by its unique constraint. */
@Injectable()
export class IdentitiesRepository {
  constructor(private readonly database: Database) {}

  /** The row of an identity that this user holds; null when they do not. Sees what the transaction has done. */
  async findOwn(transaction: Queries, userId: string, { kind, issuer, subject }: IdentityName): Promise<string | null> {
    const [own] = await transaction.query(findOwnIdentity, [userId, kind, issuer, subject]);
    return own?.id ?? null;
  }

  /** Whether a person holds what they were found by, still. Sees what the transaction has done, and what was committed. */
  async stillHolds(transaction: Queries, { id, identity_id }: FoundRow): Promise<boolean> {
    return (await transaction.query(findHeldIdentity, [identity_id, id])).length === 1;
  }

  /** Finds who holds an identity. */
  async findHolder({ kind, issuer, subject }: IdentityName): Promise<FoundRow | null> {
    const [row] = await this.database.query(findByName, [kind, issuer, subject]);
    return row ?? null;
  }

  /** Finds who holds the openid and who holds the unionid: no row, one, or two that may be of one user or of two. */
  async findByWechat(openid: IdentityName, unionid: IdentityName | null): Promise<FoundRow[]> {
    // With null in place of a unionid PostgreSQL would plan the statement anew at every call.
    if (!unionid) return this.database.query(findByName, [openid.kind, openid.issuer, openid.subject]);
    return this.database.query(findByWechat, [openid.issuer, openid.subject, unionid.issuer, unionid.subject]);
  }

  /**
   * Makes a user with these identities, or nobody at all and false when somebody else has one of them by now.
   *
   * @param alongside done in the same transaction; what it throws undoes everything
   */
  async createUser(
    { identities, policyVersion }: Newcomer,
    { appId, traceId }: Appearance,
    alongside: (transaction: Queries, userId: string) => Promise<void> = async () => undefined,
  ): Promise<boolean> {
    const userId = uuidv7();
    const created = await this.database.transaction(async (transaction) => {
      await transaction.query(insertUser, [userId, appId, traceId]);
      const inserted = await transaction.query(insertIdentities, insertValues(userId, identities));
      if (inserted.length < identities.length) throw new Rollback();
      if (policyVersion !== null) await transaction.query(insertConsent, [userId, policyVersion, appId]);
      await alongside(transaction, userId);
      return true;
    });
    return created ?? false;
  }

  /** Adds an identity to a user, and answers its id; null when it exists by now, whoever holds it, or the user was erased. */
  async add(
    userId: string,
    identity: IdentityName,
    { appId, traceId }: Appearance,
    queries: Queries = this.database,
  ): Promise<string | null> {
    const { kind, issuer, subject } = identity;
    const values = [uuidv7(), userId, kind, issuer, subject, appId, traceId];
    const [linked] = await queries.query(linkIdentity, values);
    return linked?.id ?? null;
  }
}

function insertValues(userId: string, identities: readonly IdentityName[]): unknown[] {
  // Every transaction inserts in the same order, so that two of them can wait for each other but never in a circle.
  const sorted = identities.toSorted((a, b) => orderOf(a).localeCompare(orderOf(b)));
  return [
    userId,
    sorted.map(() => uuidv7()),
    sorted.map((identity) => identity.kind),
    sorted.map((identity) => identity.issuer),
    sorted.map((identity) => identity.subject),
  ];
}

function orderOf({ kind, issuer, subject }: IdentityName): string {
  return `${kind}\n${issuer}\n${subject}`;
}
