import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { RecentEntries } from './recent-entries.js';

/** A phone number the way WeChat takes it apart; both parts are digits only. */
export interface PhoneNumber {
  readonly countryCode: string;
  readonly purePhoneNumber: string;
}

/** How long a key of getUserEncryptKey lives, says its page. */
export const USER_KEY_TTL_SECONDS = 3600;

/** A key for the mini-program's own encryption (getUserEncryptKey). */
export interface UserKey {
  /** 16 bytes in base64. */
  readonly encryptKey: string;
  /** 16 characters, which are the bytes. */
  readonly iv: string;
  readonly version: number;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
}

/** What WeChat holds of a user in one app, from the first `wx.login` on. */
export interface Visit {
  sessionKey: string;
  /** false once the session_key has expired; only `wx.login` gives a live one again. */
  sessionKeyLive: boolean;
  /** The last `wx.login`, in milliseconds since 1970. */
  seenAt: number;
  /** Newest first, at most three. */
  userKeys: readonly UserKey[];
}

/** What the sandbox knows of a person. */
export interface SandboxUser {
  readonly id: string;
  /** Whether WeChat tells apps of an Open Platform account who this is. */
  unionid: boolean;
  /** Whether WeChat holds the user for a high risk, errcode 40226. */
  blocked: boolean;
  /** What getUserRiskRank answers, 0 to 4. */
  riskRank: number;
  phone: PhoneNumber;
  /** By appId. */
  readonly visits: Map<string, Visit>;
}

/** What may be said of a user; what is left out stays as it is, or is the ordinary case for a new user. */
export interface UserTraits {
  readonly id?: string;
  readonly unionid?: boolean;
  readonly blocked?: boolean;
  readonly riskRank?: number;
  readonly phone?: PhoneNumber;
}

// Enough for a load test. Whoever is forgotten comes back as the same person, because openids are derived.
const USERS_KEPT = 250_000;

// Openids and unionids in the wild look so: 28 characters of base64url, the first an "o". Not promised by WeChat.
const OPENID_LENGTH = 28;

/** The people who hold a phone with WeChat on it. Remembers the last 250,000 seen, and at most twice as many. */
export class SandboxUsers {
  private readonly byId = new RecentEntries<SandboxUser>(USERS_KEPT);
  private readonly byOpenid = new RecentEntries<SandboxUser>(USERS_KEPT);

  /** Makes a user, or changes the traits of the one who has that id already. */
  create(traits: UserTraits): SandboxUser {
    const id = traits.id ?? `user-${randomUUID()}`;
    const user = this.byId.get(id) ?? newUser(id);
    user.unionid = traits.unionid ?? user.unionid;
    user.blocked = traits.blocked ?? user.blocked;
    user.riskRank = traits.riskRank ?? user.riskRank;
    user.phone = traits.phone ?? user.phone;
    this.byId.set(id, user);
    return user;
  }

  find(id: string): SandboxUser | null {
    return this.byId.get(id);
  }

  /** Notes that the user opened the app at this time, with a new session_key. */
  visit(user: SandboxUser, appId: string, now: number): void {
    const userKeys = user.visits.get(appId)?.userKeys ?? [];
    user.visits.set(appId, { sessionKey: newSessionKey(), sessionKeyLive: true, seenAt: now, userKeys });
    this.byOpenid.set(openidOf(appId, user.id), user);
  }

  /** Who has this openid in the app, and what they did there. null for an openid of another app, or before `wx.login`. */
  findVisit(appId: string, openid: unknown): { readonly user: SandboxUser; readonly visit: Visit } | null {
    const user = typeof openid === 'string' ? this.byOpenid.get(openid) : null;
    const visit = user?.visits.get(appId);
    return user && visit && openidOf(appId, user.id) === openid ? { user, visit } : null;
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

/** The openpid of a user in a plugin. Never the openid, even where the plugin and a mini-program share an appid. */
export function openpidOf(appId: string, userId: string): string {
  return derivedId('openpid', appId, userId);
}

/** A session_key as WeChat makes them: 16 random bytes in base64. */
export function newSessionKey(): string {
  return randomBytes(16).toString('base64');
}

function newUser(id: string): SandboxUser {
  return { id, unionid: true, blocked: false, riskRank: 0, phone: derivedPhone(id), visits: new Map<string, Visit>() };
}

/** A Chinese mobile number, the same after every restart. It may be somebody's: nothing must ever be sent to it. */
function derivedPhone(userId: string): PhoneNumber {
  const digest = createHash('sha256')
    .update(JSON.stringify(['phone', userId]))
    .digest();
  return { countryCode: '86', purePhoneNumber: `199${String(digest.readUInt32BE() % 1e8).padStart(8, '0')}` };
}

function derivedId(kind: string, issuer: string, userId: string): string {
  const digest = createHash('sha256')
    .update(JSON.stringify([kind, issuer, userId]))
    .digest('base64url');
  return `o${digest.slice(0, OPENID_LENGTH - 1)}`;
}
