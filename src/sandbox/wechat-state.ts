import type { WechatApp } from '../config/settings.js';
import { CallQuotas } from './call-quotas.js';
import { SandboxComponents } from './component/sandbox-components.js';
import { MiniPrograms } from './mini-programs.js';
import { OneTimeCodes } from './one-time-codes.js';
import { RecentEntries } from './recent-entries.js';
import { RiskyTexts } from './risky-texts.js';
import { SandboxUsers, type PhoneNumber, type SandboxUser } from './sandbox-users.js';
import { AccessTokens } from './access-tokens.js';
import type { CountryCodeType } from './user-data.js';

/** Whom a code of `wx.login` or `wx.pluginLogin` stands for, and in which app. */
export interface LoginGrant {
  readonly appId: string;
  readonly user: SandboxUser;
}

/** What a code of the phone button stands for. */
export interface PhoneGrant extends LoginGrant {
  readonly phone: PhoneNumber;
  readonly countryCodeType: CountryCodeType;
  /** When the button was pressed, in seconds since 1970. */
  readonly timestamp: number;
}

// A load test's worth.
const PHONE_DATA_KEPT = 100_000;

/** All that this WeChat remembers, and its clock. Lost at a restart; what is derived comes back the same. */
export class WechatState {
  readonly apps: MiniPrograms;
  readonly users = new SandboxUsers();
  readonly loginCodes = new OneTimeCodes<LoginGrant>();
  readonly pluginCodes = new OneTimeCodes<LoginGrant>();
  readonly phoneCodes = new OneTimeCodes<PhoneGrant>();
  /** When encrypted phone numbers were made, in seconds since 1970, by their hash. */
  readonly phoneData = new RecentEntries<{ readonly appId: string; readonly createdAt: number }>(PHONE_DATA_KEPT);
  readonly tokens = new AccessTokens();
  readonly components: SandboxComponents;
  readonly quotas = new CallQuotas();
  readonly riskyTexts = new RiskyTexts();
  private advancedMs = 0;

  /** @param clock milliseconds since 1970, as `Date.now` gives them */
  constructor(
    apps: readonly WechatApp[],
    private readonly clock: () => number,
  ) {
    this.apps = new MiniPrograms(apps);
    this.components = new SandboxComponents(apps);
  }

  /** This WeChat's own time, in milliseconds since 1970. */
  now(): number {
    return this.clock() + this.advancedMs;
  }

  /** The same in whole seconds, as WeChat's timestamps are. */
  timestamp(): number {
    return Math.floor(this.now() / 1000);
  }

  advance(seconds: number): void {
    this.advancedMs += seconds * 1000;
  }
}
