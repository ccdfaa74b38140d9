import { Injectable } from '@nestjs/common';
import { Database } from '../database/database.js';
import { statement } from '../database/statement.js';
import { IdentitiesRepository, type Appearance, type IdentityName } from './identities.repository.js';
import { PhoneHolders, type PhoneHandover } from './phone-holders.js';

const renewProof = statement<{ id: string }>(
  'renew_number_proof',
  `update users u set phone_proved_at = now() from identities i
   where i.kind = $1 and i.issuer = $2 and i.subject = $3 and i.user_id = $4 and u.id = i.user_id
   returning u.id`,
);

/** Numbers that are proved anew by their holder, and accounts that begin with a number. */
@Injectable()
export class NumberHoldersRepository {
  constructor(
    private readonly database: Database,
    private readonly identities: IdentitiesRepository,
    private readonly numbers: PhoneHolders,
  ) {}

  /** Notes that the holder has proved the number now; false when they hold it no more. */
  async renew(userId: string, { kind, issuer, subject }: IdentityName): Promise<boolean> {
    return (await this.database.query(renewProof, [kind, issuer, subject, userId])).length === 1;
  }

  /** Makes a user who holds the number, freshly proved; null and nobody when somebody else holds it by now. */
  async create(
    { number, phone, from }: Omit<PhoneHandover, 'userId'>,
    policyVersion: string | null,
    appearance: Appearance,
  ): Promise<string | null> {
    let made: string | null = null;
    const newcomer = { identities: from === null ? [phone] : [], policyVersion };
    const created = await this.identities.createUser(newcomer, appearance, async (transaction, userId) => {
      await this.numbers.hand(transaction, { userId, number, phone, from }, appearance);
      made = userId;
    });
    return created ? made : null;
  }
}
