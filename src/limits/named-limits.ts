/** How often something may happen: so many times in a window that begins with the first. */
export interface NamedLimit {
  readonly points: number;
  readonly seconds: number;
  /**
   * Who counts. `process`: this process alone. `exact`: every count asks the shared counters. A number: this process counts,
   * and adds its counts to the shared ones that many at a time, in the background; of several processes each may be that
   * many behind.
   */
  readonly counted: 'process' | 'exact' | number;
}

const MINUTE = 60;
const DAY = 86_400;

/**
 * The limits of this server, by name. What they are counted by stands behind each.
 *
 * Mobile carriers put thousands of phones behind one address, so what counts by address is wide, or counts failures only.
 */
export const LIMITS = {
  /** By address: a flood guard. */
  sign_in_flood: { points: 600, seconds: MINUTE, counted: 30 },
  /** By address: codes that WeChat, or this server, refused. */
  code_rejected: { points: 60, seconds: MINUTE, counted: 1 },
  /** By app and openid. Nobody signs in five times a minute, so the common sign-in asks no counter but our own. */
  sign_in_identity: { points: 20, seconds: MINUTE, counted: 5 },
  /** By session. */
  refresh: { points: 20, seconds: MINUTE, counted: 'process' },
  /** By user: the exchange of a phone code. */
  wechat_phone: { points: 5, seconds: MINUTE, counted: 'exact' },
  /** By user: decryption of WeChat's data. */
  wechat_decrypt: { points: 5, seconds: MINUTE, counted: 'exact' },
  /** By user: changes of nickname and avatar, which cost a call of WeChat's or up to 2 MB. */
  profile_change: { points: 10, seconds: MINUTE, counted: 'exact' },
  /** By user: exports of everything. */
  user_export: { points: 5, seconds: MINUTE, counted: 'exact' },
  /** By address: codes sent. */
  otp_address_day: { points: 30, seconds: DAY, counted: 'exact' },
} as const satisfies Readonly<Record<string, NamedLimit>>;

export type LimitName = keyof typeof LIMITS;
