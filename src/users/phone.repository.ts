import { Injectable } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import { statement, type Queries } from '../database/statement.js';
import type { IdentityName } from './identities.repository.js';
import { AppError } from '../errors/app-error.js';
import { lockActiveUser, lockUser } from './lock-user.js';
import type { PhoneNumber } from './phone-number.js';
import { PhoneVault } from './phone-vault.js';

const removeOtherNumbers = statement<{ id: string }>(
  'remove_other_numbers',
  `delete from identities where user_id = $1 and kind = 'phone' and subject <> $2 returning id`,
);

const addNumber = statement<{ user_id: string }>(
  'add_number',
  `insert into identities (id, user_id, kind, issuer, subject) values ($1, $2, 'phone', '', $3)
   on conflict (kind, issuer, subject) do update set subject = excluded.subject
   returning user_id`,
);

const freeNumber = statement<{ id: string }>(
  'free_number',
  `with freed as (
     delete from identities i where i.user_id = $1 and i.kind = 'phone' and i.subject = $2
       and exists (select from identities other where other.user_id = $1 and other.kind <> 'phone')
     returning i.user_id)
   update users u set phone_sealed = null, phone_proved_at = null, updated_at = now()
   from freed where u.id = freed.user_id and u.status = 'active' returning u.id`,
);

const proveNumber = statement<never>(
  'prove_number',
  'update users set phone_sealed = $2, phone_proved_at = now(), updated_at = now() where id = $1',
);

/** Who holds which phone number. A number has one holder, and a person one number, by constraint. */
@Injectable()
export class PhoneRepository {
  constructor(private readonly phones: PhoneVault) {}

  /**
   * Makes a number, freshly proved, the person's own within the caller's transaction; their old one is given up.
   *
   * `identity` is the number's, looked up before the transaction began. Answers who holds the number now: somebody else if
   * it was theirs, and then the caller must undo the transaction.
   *
   * @throws AppError SESSION_EXPIRED - the person was disabled, erased or absorbed meanwhile
   */
  async give(transaction: Queries, userId: string, number: PhoneNumber, { subject }: IdentityName): Promise<string> {
    const [person] = await transaction.query(lockActiveUser, [userId]);
    if (!person) throw new AppError('SESSION_EXPIRED', { context: { userId } });
    await transaction.query(removeOtherNumbers, [userId, subject]);
    const [holder] = await transaction.query(addNumber, [uuidv7(), userId, subject]);
    if (holder?.user_id === userId) {
      await transaction.query(proveNumber, [userId, this.phones.seal(userId, number)]);
    }
    return holder!.user_id;
  }

  /**
   * Takes a number from the active person who holds it, within the caller's transaction. False when they do not, or have no
   * other way in; the caller must then undo the transaction.
   */
  async free(transaction: Queries, userId: string, { subject }: IdentityName): Promise<boolean> {
    await transaction.query(lockUser, [userId]);
    return (await transaction.query(freeNumber, [userId, subject])).length === 1;
  }
}
