import { Inject, Injectable } from '@nestjs/common';
import type { Logger } from 'pino';
import { AppError } from '../errors/app-error.js';
import { LOGGER } from '../logging/logging.module.js';
import { IdentitiesRepository, type FoundRow, type IdentityName, type Newcomer } from './identities.repository.js';
import type { UserProfile } from './user-profile.js';
import type { UserStatus } from './user.entity.js';
import { UserProfiles } from './user-profiles.js';

/** What WeChat vouched for: the openid within an app and, for an app of an Open Platform account, the unionid there. */
export interface WechatIdentity {
  readonly appId: string;
  readonly openid: string;
  readonly union: { readonly openPlatform: string; readonly unionid: string } | null;
}

/** Whose identity it is. `status` is what it was when the question was asked; only opening a session decides on it. */
export interface Resolution {
  readonly isNewUser: boolean;
  readonly user: UserProfile;
  readonly status: UserStatus;
  /** The row of the openid. */
  readonly identityId: string;
  /** The unionid when another active user holds it: the two may be one person, and only they can say so. */
  readonly conflict: { readonly otherUserId: string; readonly unionid: IdentityName } | null;
}

// Every attempt is lost only to somebody who wrote what the next one then reads; more than a few mean a fault.
const ATTEMPTS = 5;

/** Decides which user an identity belongs to. */
@Injectable()
export class IdentityLinking {
  constructor(
    private readonly identities: IdentitiesRepository,
    private readonly profiles: UserProfiles,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /**
   * Decides which user a WeChat identity belongs to; null when it is nobody's.
   *
   * An openid that is new is attached to the user whom its unionid names, and a unionid that arrives later to the openid's.
   * No identity is ever moved to another user.
   */
  async find(identity: WechatIdentity, traceId: string | null): Promise<Resolution | null> {
    return this.settle(identity, traceId, null);
  }

  /**
   * The same, and creates a user if there is none.
   *
   * Two first sign-ins with the same openid, or with one unionid in two apps, give the same user, however they interleave.
   */
  async register(identity: WechatIdentity, policyVersion: string | null, traceId: string | null): Promise<Resolution> {
    return (await this.settle(identity, traceId, { policyVersion }))!;
  }

  private async settle(
    identity: WechatIdentity,
    traceId: string | null,
    newcomer: Pick<Newcomer, 'policyVersion'> | null,
  ): Promise<Resolution | null> {
    const where = { appId: identity.appId, traceId };
    const { openid, unionid } = namesOf(identity);
    const all = unionid ? [openid, unionid] : [openid];
    let isNewUser = false;
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      const found = await this.identities.findByWechat(openid, unionid);
      const byOpenid = found.find((row) => row.matched === 'wechat_openid');
      const byUnionid = found.find((row) => row.matched === 'wechat_unionid');

      if (byOpenid && (byUnionid || !unionid)) {
        return { ...this.known(byOpenid, isNewUser), conflict: this.conflictOf(byOpenid, byUnionid, unionid) };
      }
      if (byOpenid && unionid) await this.identities.add(byOpenid.id, unionid, where);
      else if (byUnionid) await this.identities.add(byUnionid.id, openid, where);
      else if (!newcomer) return null;
      else isNewUser = await this.identities.createUser({ ...newcomer, identities: all }, where);
    }
    throw new AppError('SERVICE_UNAVAILABLE', { context: { reason: 'identity kept changing' }, retryAfterSeconds: 1 });
  }

  /** The openid stays the openid: a unionid that is somebody else's locks nobody out and moves nothing. */
  private conflictOf(
    byOpenid: FoundRow,
    byUnionid: FoundRow | undefined,
    unionid: IdentityName | null,
  ): Resolution['conflict'] {
    if (!unionid || !byUnionid || byUnionid.id === byOpenid.id) return null;
    this.logger.warn({ userId: byOpenid.id, otherUserId: byUnionid.id }, 'unionid belongs to another user');
    return byUnionid.status === 'active' ? { otherUserId: byUnionid.id, unionid } : null;
  }

  private known(byOpenid: FoundRow, isNewUser: boolean): Omit<Resolution, 'conflict'> {
    return { isNewUser, user: this.profiles.of(byOpenid), status: byOpenid.status, identityId: byOpenid.identity_id };
  }
}

/** A WeChat identity by the names it is stored under. */
export function namesOf({ appId, openid, union }: WechatIdentity): {
  openid: IdentityName;
  unionid: IdentityName | null;
} {
  return {
    openid: { kind: 'wechat_openid', issuer: appId, subject: openid },
    unionid: union && { kind: 'wechat_unionid', issuer: union.openPlatform, subject: union.unionid },
  };
}
