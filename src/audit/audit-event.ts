/** What happened, by the names that operators search for. A refresh is a metric and no event. */
export type AuditEventName =
  | 'sign_in'
  | 'sign_in_failed'
  | 'sign_out'
  | 'session_revoked'
  | 'sessions_revoked'
  | 'refresh_reused'
  | 'identity_linked'
  | 'identity_unlinked'
  | 'user_created'
  | 'user_merged'
  | 'user_unmerged'
  | 'user_erased'
  | 'user_disabled'
  | 'user_enabled'
  | 'user_exported'
  | 'phone_changed'
  | 'password_changed'
  | 'password_failed'
  | 'profile_changed'
  | 'otp_sent'
  | 'otp_failed'
  | 'role_changed'
  | 'key_rotated'
  | 'key_revoked'
  | 'wechat_push_ignored'
  | 'wechat_push_unknown'
  | 'wechat_data_withdrawn';

/** The names of what is personal. Their values never enter the audit log, so that an erasure has nothing to rewrite there. */
export type PersonalField =
  'nickname' | 'avatar' | 'phone' | 'username' | 'password' | 'openid' | 'unionid' | 'session_key' | 'device';

/** Whose doing an event is: a person's, an operator's, a back end's, WeChat's, or nobody's but the server's own. */
export type ActorKind = 'user' | 'admin' | 'client' | 'wechat' | 'system';

/** Who did it. The id is a user's or a client's; null where there is none, or nobody knows it. */
export interface Actor {
  readonly kind: ActorKind;
  readonly id: string | null;
}

/** The server itself: a job, or a rule it enforces. */
export const SYSTEM: Actor = Object.freeze({ kind: 'system', id: null });

/** The person whom an event concerns, for whoever records it where their id is known. */
export const SELF: Actor = Object.freeze({ kind: 'user', id: null });

/** A person acting for themselves. */
export function person(userId: string): Actor {
  return { kind: 'user', id: userId };
}

/** Whose doing something is, and in which request it was done; passed down to whatever records it. */
export interface Origin {
  readonly actor: Actor;
  /** null outside of a request. */
  readonly traceId: string | null;
}

/** What the server does by itself, outside of any request. */
export const BY_ITSELF: Origin = Object.freeze({ actor: SYSTEM, traceId: null });

/** An event to be recorded. Ids, codes and names only: never an openid, a phone number, an address or any other value. */
export interface NewAuditEvent extends Origin {
  readonly event: AuditEventName;
  /** Whom it concerns. */
  readonly userId?: string | null;
  readonly sessionId?: string | null;
  readonly appId?: string | null;
  /** A code: of the error catalog, of a revocation, or the kind of an identity. */
  readonly reason?: string | null;
  /** The id of what it was done to, where that is neither the user nor the session: a key, an identity, another user. */
  readonly subject?: string | null;
  /** Which personal fields were changed. */
  readonly fields?: readonly PersonalField[];
}
