import { Injectable } from '@nestjs/common';
import { Database } from '../database/database.js';
import { statement } from '../database/statement.js';
import type { IdentityName } from './identities.repository.js';

const findHolder = statement<{ user_id: string }>(
  'find_identity_holder',
  'select user_id from identities where kind = $1 and issuer = $2 and subject = $3',
);

/** Who holds an identity. */
@Injectable()
export class IdentityHoldersRepository {
  constructor(private readonly database: Database) {}

  /** The id of the user who holds it now; null when nobody does. */
  async findHolder({ kind, issuer, subject }: IdentityName): Promise<string | null> {
    const [row] = await this.database.query(findHolder, [kind, issuer, subject]);
    return row?.user_id ?? null;
  }
}
