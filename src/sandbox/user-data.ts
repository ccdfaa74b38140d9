import { createHash } from 'node:crypto';
import type { PhoneNumber } from './sandbox-users.js';

/** Who the data was made for and when, in seconds since 1970. */
export interface Watermark {
  readonly timestamp: number;
  readonly appid: string;
}

/** Whether the `countryCode` is text or a number: WeChat's table says the one, its example shows the other. */
export const COUNTRY_CODE_TYPES = ['string', 'number'] as const;
export type CountryCodeType = (typeof COUNTRY_CODE_TYPES)[number];

const HOME_COUNTRY_CODE = '86';
const DAY_SECONDS = 86_400;

// getWeRunData: the last 31 days.
const STEP_DAYS = 31;

/** What the app may know of everybody, the part of `getUserInfo` that `rawData` repeats: anonymous since 2021-04-28. */
export const ANONYMOUS_PROFILE = {
  nickName: '微信用户',
  gender: 0,
  language: '',
  city: '',
  province: '',
  country: '',
  avatarUrl: '',
  is_demote: true,
} as const;

/** What `phone_info` of getPhoneNumber says, and the encrypted data of older base libraries; a watermark follows in both. */
export function phoneInfo(
  { countryCode, purePhoneNumber }: PhoneNumber,
  countryCodeType: CountryCodeType,
): Record<string, unknown> {
  const home = countryCode === HOME_COUNTRY_CODE;
  return {
    // "A number from abroad has its area code": api_getphonenumber.
    phoneNumber: home ? purePhoneNumber : `+${countryCode}${purePhoneNumber}`,
    purePhoneNumber,
    countryCode: countryCodeType === 'number' ? Number(countryCode) : countryCode,
  };
}

/** What the encrypted data of `wx.getUserInfo` holds. */
export function userInfo(
  openId: string,
  unionId: string | null,
  profile: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  return { openId, ...profile, ...(unionId === null ? {} : { unionId }) };
}

/** What the encrypted data of `wx.getWeRunData` holds: a plausible month until this time, in seconds since 1970. */
export function weRunData(timestamp: number): Record<string, unknown> {
  const today = timestamp - (timestamp % DAY_SECONDS);
  const stepInfoList = Array.from({ length: STEP_DAYS }, (_day, index) => ({
    timestamp: today - (STEP_DAYS - 1 - index) * DAY_SECONDS,
    step: 3000 + index * 100,
  }));
  return { stepInfoList };
}

/** What the encrypted data of `wx.getShareInfo` holds: the group a card was shared to, the same one for the whole app. */
export function shareInfo(appId: string): Record<string, unknown> {
  const digest = createHash('sha256')
    .update(JSON.stringify(['openGId', appId]))
    .digest('base64url');
  return { openGId: `tG${digest.slice(0, 26)}` };
}
