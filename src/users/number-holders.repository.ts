import { Injectable } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import { Database, Rollback } from '../database/database.js';
import { statement } from '../database/statement.js';
import { insertUser, type Appearance } from './identities.repository.js';
import type { PhoneNumber } from './phone-number.js';
import { PhoneRepository } from './phone.repository.js';
import { PhoneVault } from './phone-vault.js';

/** The account that holds a number. */
export interface NumberHolder {
  readonly userId: string;
  readonly provedAt: Date | null;
  readonly otherIdentities: number;
}

const findNumberHolder = statement<NumberHolder>(
  'find_number_holder',
  `select u.id as "userId", u.phone_proved_at as "provedAt",
          (select count(*)::int from identities o where o.user_id = u.id and o.kind <> 'phone') as "otherIdentities"
   from identities i join users u on u.id = i.user_id where i.kind = $1 and i.issuer = $2 and i.subject = $3`,
);

const renewProof = statement<{ id: string }>(
  'renew_number_proof',
  `update users u set phone_proved_at = now() from identities i
   where i.kind = $1 and i.issuer = $2 and i.subject = $3 and i.user_id = $4 and u.id = i.user_id
   returning u.id`,
);

/** Who holds a number, and new accounts that begin with one. */
@Injectable()
export class NumberHoldersRepository {
  constructor(
    private readonly database: Database,
    private readonly phones: PhoneVault,
    private readonly numbers: PhoneRepository,
  ) {}

  async find(number: PhoneNumber): Promise<NumberHolder | null> {
    const { kind, issuer, subject } = await this.phones.identityOf(number);
    const [holder] = await this.database.query(findNumberHolder, [kind, issuer, subject]);
    return holder ?? null;
  }

  /** Notes that the holder has proved the number now; false when they hold it no more. */
  async renew(userId: string, number: PhoneNumber): Promise<boolean> {
    const { kind, issuer, subject } = await this.phones.identityOf(number);
    return (await this.database.query(renewProof, [kind, issuer, subject, userId])).length === 1;
  }

  /** Makes a user who holds the number, freshly proved; null and nobody when somebody else holds it by now. */
  async create(number: PhoneNumber, { appId, traceId }: Appearance): Promise<string | null> {
    const userId = uuidv7();
    const phone = await this.phones.identityOf(number);
    return this.database.transaction(async (transaction) => {
      await transaction.query(insertUser, [userId, appId, traceId]);
      const holder = await this.numbers.give(transaction, userId, number, phone);
      if (holder !== userId) throw new Rollback();
      return userId;
    });
  }
}
