import { Injectable } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import { Database } from '../database/database.js';
import { statement, type Queries } from '../database/statement.js';

/** What a password is checked against. */
export interface Credentials {
  readonly userId: string;
  /** null while the person has no password. */
  readonly passwordHash: string | null;
  /** Changes with the password, not with its hash. */
  readonly passwordVersion: number;
}

const COLUMNS = `u.id as "userId", u.password_hash as "passwordHash", u.password_version as "passwordVersion"`;

const findByUsername = statement<Credentials>(
  'find_credentials_by_username',
  `select ${COLUMNS} from identities i join users u on u.id = i.user_id
   where i.kind = 'username' and i.issuer = '' and i.subject = $1`,
);

const findOfUser = statement<Credentials>(
  'find_credentials_of_user',
  `select ${COLUMNS} from users u where u.id = $1 and u.status = 'active'`,
);

const replaceHash = statement<never>(
  'replace_password_hash',
  'update users set password_hash = $3 where id = $1 and password_hash = $2',
);

const setPassword = statement<{ id: string }>(
  'set_password',
  `update users set password_hash = $3, password_version = password_version + 1, updated_at = now()
   where id = $1 and password_version = $2 and status = 'active' returning id`,
);

const findUsername = statement<{ subject: string }>(
  'find_username',
  `select subject from identities where user_id = $1 and kind = 'username'`,
);

const addUsername = statement<{ id: string }>(
  'add_username',
  `insert into identities (id, user_id, kind, issuer, subject) values ($1, $2, 'username', '', $3)
   on conflict (kind, issuer, subject) do nothing
   returning id`,
);

/** Usernames and password hashes. Who gets a username is decided by its unique constraint. */
@Injectable()
export class CredentialsRepository {
  constructor(private readonly database: Database) {}

  /** Those of the person with this username, normalised; null when nobody has it. */
  async findByUsername(username: string): Promise<Credentials | null> {
    const [row] = await this.database.query(findByUsername, [username]);
    return row ?? null;
  }

  /** Null when there is no such active person. */
  async findOfUser(userId: string): Promise<Credentials | null> {
    const [row] = await this.database.query(findOfUser, [userId]);
    return row ?? null;
  }

  /** Keeps another hash of the same password, unless the hash is not this one any more. */
  async replaceHash({ userId, passwordHash }: Credentials, newHash: string): Promise<void> {
    await this.database.query(replaceHash, [userId, passwordHash, newHash]);
  }

  /**
   * Sets the password within the caller's transaction, and holds the user's row until it ends. False when the password is
   * not the one of these credentials any more, or the person is not active.
   */
  async setPassword(transaction: Queries, { userId, passwordVersion }: Credentials, hash: string): Promise<boolean> {
    return (await transaction.query(setPassword, [userId, passwordVersion, hash])).length === 1;
  }

  /**
   * Gives a normalised username to a person whose row the caller's transaction holds.
   *
   * `kept` when it is theirs already; `other` when they have another one; `taken` when somebody else has it.
   */
  async choose(transaction: Queries, userId: string, username: string): Promise<'chosen' | 'kept' | 'other' | 'taken'> {
    const [own] = await transaction.query(findUsername, [userId]);
    if (own) return own.subject === username ? 'kept' : 'other';
    const added = await transaction.query(addUsername, [uuidv7(), userId, username]);
    return added.length === 1 ? 'chosen' : 'taken';
  }
}
