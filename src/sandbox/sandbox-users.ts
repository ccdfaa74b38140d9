import { createHash, randomBytes, randomUUID } from 'node:crypto';

/** What the sandbox knows of a person. */
export interface SandboxUser {
  readonly id: string;
  /** Whether WeChat tells apps of an Open Platform account who this is. */
  unionid: boolean;
  /** Whether WeChat holds the user for a high risk, errcode 40226. */
  blocked: boolean;
  /** The current session_key of every app the user has called `wx.login` in. */
  readonly sessionKeys: Map<string, string>;
}

/** What may be said of a user; what is left out stays as it is, or is the ordinary case for a new user. */
export interface UserTraits {
  readonly id?: string;
  readonly unionid?: boolean;
  readonly blocked?: boolean;
}

// Enough for a load test. Whoever is forgotten comes back as the same person, because openids are derived.
const USERS_A_GENERATION = 250_000;

// Openids and unionids in the wild look so: 28 characters of base64url, the first an "o". Not promised by WeChat.
const OPENID_LENGTH = 28;

/** The people who hold a phone with WeChat on it. Remembers the last 250,000 seen, and at most twice as many. */
export class SandboxUsers {
  private young = new Map<string, SandboxUser>();
  private old = new Map<string, SandboxUser>();

  /** Makes a user, or changes the traits of the one who has that id already. */
  create(traits: UserTraits): SandboxUser {
    const id = traits.id ?? `user-${randomUUID()}`;
    const user = this.find(id) ?? { id, unionid: true, blocked: false, sessionKeys: new Map<string, string>() };
    user.unionid = traits.unionid ?? user.unionid;
    user.blocked = traits.blocked ?? user.blocked;
    this.keepYoung(user);
    return user;
  }

  find(id: string): SandboxUser | null {
    return this.young.get(id) ?? this.old.get(id) ?? null;
  }

  private keepYoung(user: SandboxUser): void {
    if (this.young.size >= USERS_A_GENERATION) {
      this.old = this.young;
      this.young = new Map();
    }
    this.young.set(user.id, user);
  }
}

/** The openid of a user in an app: the same after every restart, different in every app. */
export function openidOf(appId: string, userId: string): string {
  return derivedId('openid', appId, userId);
}

/** The unionid of a user in an Open Platform account: the same after every restart and in every app of the account. */
export function unionidOf(openPlatform: string, userId: string): string {
  return derivedId('unionid', openPlatform, userId);
}

/** A session_key as WeChat makes them: 16 random bytes in base64. */
export function newSessionKey(): string {
  return randomBytes(16).toString('base64');
}

function derivedId(kind: string, issuer: string, userId: string): string {
  const digest = createHash('sha256')
    .update(JSON.stringify([kind, issuer, userId]))
    .digest('base64url');
  return `o${digest.slice(0, OPENID_LENGTH - 1)}`;
}
