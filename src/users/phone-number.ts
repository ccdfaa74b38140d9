import { parsePhoneNumberFromString, type CountryCode } from 'libphonenumber-js/core';
import metadata from 'libphonenumber-js/min/metadata';

/** A phone number as everything here knows it. */
export interface PhoneNumber {
  /** With `+` and country code. */
  readonly e164: string;
}

// Who types a number without a country code is at home here.
const HOME: CountryCode = 'CN';
// WeChat hands these to its virtual accounts, for tests: 12066600001 to 12066600004.
const TEST_NUMBERS: ReadonlySet<string> = new Set(['+12066600001', '+12066600002', '+12066600003', '+12066600004']);
const TYPED = /^\+?[0-9][0-9 ()-]{3,30}$/;

/** Reads what a person typed: with a country code, or a number of mainland China. Null when it can be no phone number. */
export function readTypedNumber(text: string): PhoneNumber | null {
  if (!TYPED.test(text)) return null;
  const parsed = parsePhoneNumberFromString(text, HOME, metadata);
  return parsed?.isPossible() ? { e164: parsed.number } : null;
}

/**
 * Reads what WeChat vouches for: country code and number, digits only. Null when it can be no phone number.
 *
 * Length alone decides: which prefixes are in use changes faster than any list of them.
 */
export function readWechatNumber(countryCode: string, purePhoneNumber: string): PhoneNumber | null {
  if (!/^[1-9]\d{0,2}$/.test(countryCode) || !/^\d{4,14}$/.test(purePhoneNumber)) return null;
  const parsed = parsePhoneNumberFromString(`+${countryCode}${purePhoneNumber}`, metadata);
  return parsed?.isPossible() ? { e164: parsed.number } : null;
}

/** Whether it is a number of WeChat's virtual accounts, which belongs to every tester at once. */
export function isTestNumber({ e164 }: PhoneNumber): boolean {
  return TEST_NUMBERS.has(e164);
}

/**
 * Hides most of a number for display: of 10 digits and more the first 3 and last 2 stay, of fewer the first 2 and last 2.
 * Abroad, the country code stays in front.
 *
 * Source: the rule of WeChat's own phone number component.
 */
export function maskNumber({ e164 }: PhoneNumber): string {
  const parsed = parsePhoneNumberFromString(e164, metadata);
  const code = parsed?.countryCallingCode ?? '';
  const digits = parsed?.nationalNumber ?? e164.slice(1);
  return code === '86' ? maskDigits(digits) : `+${code} ${maskDigits(digits)}`;
}

/** The same for the digits of a number whose country does not matter. */
export function maskDigits(digits: string): string {
  const shown = digits.length >= 10 ? 3 : 2;
  const hidden = Math.max(1, digits.length - shown - 2);
  return digits.slice(0, shown) + '*'.repeat(hidden) + digits.slice(-2);
}
