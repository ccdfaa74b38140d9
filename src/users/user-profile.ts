import type { IdentityKind } from './identity.entity.js';
import type { UserStatus } from './user.entity.js';

/** What the server tells a person about their own account. Never an openid, a unionid or a session_key. */
export interface UserProfile {
  readonly id: string;
  readonly nickname: string | null;
  readonly avatarUrl: string | null;
  /** Masked. */
  readonly phone: string | null;
  readonly identities: IdentityProfile[];
  /** ISO 8601. */
  readonly createdAt: string;
}

export interface IdentityProfile {
  readonly id: string;
  readonly kind: IdentityKind;
  /** Only for kind wechat_openid. */
  readonly appId?: string;
}

/** The columns of `PROFILE_COLUMNS`. */
export interface ProfileRow {
  readonly id: string;
  readonly status: UserStatus;
  readonly nickname: string | null;
  readonly avatar_url: string | null;
  readonly phone_sealed: Buffer | null;
  readonly phone_proved_at: Date | null;
  readonly created_at: Date;
  readonly identities: readonly { id: string; kind: IdentityKind; issuer: string }[];
}

/** Selects a profile from `users u`. */
export const PROFILE_COLUMNS = `
  u.id, u.status, u.nickname, u.avatar_url, u.phone_sealed, u.phone_proved_at, u.created_at,
  (select coalesce(json_agg(json_build_object('id', i.id, 'kind', i.kind, 'issuer', i.issuer) order by i.created_at, i.id), '[]')
     from identities i where i.user_id = u.id) as identities`;
