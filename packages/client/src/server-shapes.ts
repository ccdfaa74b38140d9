/** A person, as the server tells it to themselves. */
export interface User {
  readonly id: string;
  readonly nickname: string | null;
  readonly avatarUrl: string | null;
  /** Masked. */
  readonly phone: string | null;
  readonly identities: readonly {
    readonly id: string;
    readonly kind: 'wechat_openid' | 'wechat_unionid' | 'phone' | 'username';
    readonly appId?: string;
  }[];
  readonly createdAt: string;
}

/** Tokens as they come; durations in seconds. */
export interface Tokens {
  readonly accessToken: string;
  readonly refreshToken: string;
  readonly expiresIn: number;
}

/** Another account is the same person's: with the person's consent, `mergeAccounts(ticket)` makes one of the two. */
export interface MergeOffer {
  readonly ticket: string;
  /** Seconds. */
  readonly expiresIn: number;
  readonly with: 'phone' | 'unionid' | 'openid';
}

/** Somebody is signed in. */
export interface SignedIn {
  readonly status: 'signed_in';
  readonly isNewUser: boolean;
  readonly user: User;
  readonly merge?: MergeOffer | undefined;
}

/** WeChat knows who it is, and they have no account yet: go on with `register`, or with an ordinary sign-in. */
export interface Unregistered {
  readonly status: 'unregistered';
  readonly ticket: string;
  /** Seconds. */
  readonly ticketExpiresIn: number;
}

export type SignInResult = SignedIn | Unregistered;

/** A device that is signed in. */
export interface DeviceSession {
  readonly id: string;
  readonly appId: string;
  readonly deviceName: string | null;
  readonly devicePlatform: string | null;
  readonly createdAt: string;
  readonly lastUsedAt: string;
  /** Whether it is this one. */
  readonly current: boolean;
}

export type SignOutScope = 'local' | 'others' | 'global';
