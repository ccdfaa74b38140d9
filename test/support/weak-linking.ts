import { v7 as uuidv7 } from 'uuid';
import { Database } from '../../src/database/database.js';
import { statement } from '../../src/database/statement.js';
import { IdentitiesRepository, type Newcomer } from '../../src/users/identities.repository.js';
import type { TestApp } from './test-app.js';
import type { TestDatabase } from './test-database.js';

/** Takes away what decides whether two sign-ins are of one person. */
export async function dropUniqueIdentities(database: TestDatabase): Promise<void> {
  await database.query('alter table identities drop constraint uq_identities_kind_issuer_subject');
}

/** Lets the server trust what it read a moment ago: it inserts without asking whether somebody else was faster. */
export function trustWhatWasRead({ app }: Pick<TestApp, 'app'>): void {
  const database = app.get(Database);
  const insertUser = statement('weak_insert_user', 'insert into users (id) values ($1)');
  const insertIdentity = statement('weak_insert_identity', 'insert into identities values ($1, $2, $3, $4, $5)');
  app.get(IdentitiesRepository).createUser = async ({ identities }: Newcomer) => {
    const userId = uuidv7();
    await database.transaction(async (transaction) => {
      await transaction.query(insertUser, [userId]);
      for (const { kind, issuer, subject } of identities) {
        await transaction.query(insertIdentity, [uuidv7(), userId, kind, issuer, subject]);
      }
    });
    return true;
  };
}

/** Lets the server merge in silence: an identity goes to whoever shows it last. */
export function takeFromOthers({ app }: Pick<TestApp, 'app'>): void {
  const database = app.get(Database);
  const take = statement<{ id: string }>(
    'weak_take_identity',
    `insert into identities (id, user_id, kind, issuer, subject) values ($1, $2, $3, $4, $5)
     on conflict (kind, issuer, subject) do update set user_id = excluded.user_id returning id`,
  );
  app.get(IdentitiesRepository).add = async (userId, { kind, issuer, subject }, _where, queries = database) => {
    const [row] = await queries.query(take, [uuidv7(), userId, kind, issuer, subject]);
    return row?.id ?? null;
  };
}
