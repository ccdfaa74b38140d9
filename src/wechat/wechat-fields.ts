import { AppError } from '../errors/app-error.js';
import type { WechatApi as ApiName } from './wechat-call.js';

type Fields = Readonly<Record<string, unknown>>;

/**
 * Reads the fields of one answer of WeChat, none of which may be believed before.
 *
 * Methods throw WECHAT_UNAVAILABLE, and none of them tells a value: an answer that lacks what its page promises is no
 * answer of WeChat's.
 */
export class WechatFields {
  constructor(
    private readonly api: ApiName,
    private readonly fields: Fields,
  ) {}

  text(name: string, pattern = /^[^\0]{1,1024}$/): string {
    const value = this.fields[name];
    return typeof value === 'string' && pattern.test(value) ? value : this.incomplete(name);
  }

  integer(name: string, { min, max }: { readonly min: number; readonly max: number }): number {
    const value = this.fields[name];
    if (typeof value !== 'number' || !Number.isSafeInteger(value)) return this.incomplete(name);
    return value >= min && value <= max ? value : this.incomplete(name);
  }

  /** The same for what nothing depends on. */
  optionalInteger(name: string): number | null {
    const value = this.fields[name];
    return Number.isSafeInteger(value) ? (value as number) : null;
  }

  /** Text of digits; WeChat writes some of them as a number. */
  digits(name: string, pattern: RegExp): string {
    const value = this.fields[name];
    const text = typeof value === 'number' ? String(value) : value;
    return typeof text === 'string' && pattern.test(text) ? text : this.incomplete(name);
  }

  /** A time that WeChat writes in seconds since 1970. */
  time(name: string): Date {
    // Until the year 9999.
    return new Date(this.integer(name, { min: 0, max: 253_402_300_799 }) * 1000);
  }

  object(name: string): WechatFields {
    const value = this.fields[name];
    return isObject(value) ? new WechatFields(this.api, value) : this.incomplete(name);
  }

  objects(name: string): WechatFields[] {
    const value = this.fields[name];
    if (!Array.isArray(value) || !value.every(isObject)) return this.incomplete(name);
    return value.map((each) => new WechatFields(this.api, each));
  }

  /** Refuses the answer because of a field. */
  incomplete(name: string): never {
    throw new AppError('WECHAT_UNAVAILABLE', {
      context: { api: this.api, reason: `incomplete answer: ${name}` },
    });
  }
}

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
