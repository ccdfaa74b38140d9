import { Injectable } from '@nestjs/common';
import type { Queries } from '../database/statement.js';
import { AppError } from '../errors/app-error.js';
import { IdentitiesRepository, type FoundRow, type IdentityName } from './identities.repository.js';
import { namesOf, type WechatIdentity } from './identity-linking.js';
import { lockActiveUser } from './lock-user.js';

/** Attaches WeChat identities to people who have proved to be both. */
@Injectable()
export class WechatIdentities {
  constructor(private readonly identities: IdentitiesRepository) {}

  /** Who holds the openid or, if nobody does, the unionid. */
  async findHolder(identity: WechatIdentity): Promise<FoundRow | null> {
    const { openid, unionid } = namesOf(identity);
    const found = await this.identities.findByWechat(openid, unionid);
    return found.find((row) => row.matched === 'wechat_openid') ?? found[0] ?? null;
  }

  /**
   * Attaches the openid, and the unionid if it is nobody's, within the caller's transaction; answers the row of the openid.
   * An identity that is the person's already stays as it is; none is taken from anybody else.
   *
   * @throws AppError IDENTITY_ALREADY_LINKED - the openid is somebody else's; USER_DISABLED. Undoes the caller's transaction
   */
  async attach(
    transaction: Queries,
    userId: string,
    identity: WechatIdentity,
    traceId: string | null,
  ): Promise<string> {
    const where = { appId: identity.appId, traceId };
    const { openid, unionid } = namesOf(identity);
    const [person] = await transaction.query(lockActiveUser, [userId]);
    if (!person) throw new AppError('USER_DISABLED', { context: { userId } });
    const attached = await this.identities.add(userId, openid, where, transaction);
    const identityId = attached ?? (await this.identities.findOwn(transaction, userId, openid));
    if (identityId === null) throw new AppError('IDENTITY_ALREADY_LINKED', { context: { userId } });
    if (unionid) await this.identities.add(userId, unionid, where, transaction);
    return identityId;
  }

  /**
   * The same for somebody who was found by one of their identities before the transaction began; null, and nothing to be
   * kept, when that identity is theirs no more: whoever proves it now is somebody else.
   *
   * @throws AppError as `attach`
   */
  async attachToFound(
    transaction: Queries,
    found: FoundRow,
    identity: WechatIdentity,
    traceId: string | null,
  ): Promise<string | null> {
    const identityId = await this.attach(transaction, found.id, identity, traceId);
    // The person's row is held by now, so what they hold stays as it is.
    return (await this.identities.stillHolds(transaction, found)) ? identityId : null;
  }

  /**
   * Makes a user with a WeChat identity and, if it is nobody's, a phone number; nobody at all and false when somebody else has one of them by now.
   *
   * @param alongside done in the same transaction; what it throws undoes everything
   */
  async createUser(
    identity: WechatIdentity,
    phone: IdentityName | null,
    policyVersion: string | null,
    traceId: string | null,
    alongside: (transaction: Queries, userId: string) => Promise<void>,
  ): Promise<boolean> {
    const { openid, unionid } = namesOf(identity);
    const identities = [openid, phone, unionid].filter((identity) => identity !== null);
    return this.identities.createUser({ identities, policyVersion }, { appId: identity.appId, traceId }, alongside);
  }
}
