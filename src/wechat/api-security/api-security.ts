import { Inject, Injectable } from '@nestjs/common';
import type { Logger } from 'pino';
import { WECHAT_API } from '../../config/load-settings.js';
import { WechatSettings, type WechatApp } from '../../config/settings.js';
import { LOGGER } from '../../logging/logging.module.js';
import { ApiSecurityCodec } from './api-security-codec.js';

/** The calls that are sealed for apps with API security. WeChat offers it for some of its calls only. */
const SEALED_PATHS: ReadonlySet<string> = new Set([
  '/wxa/business/getuserphonenumber',
  '/wxa/getuserriskrank',
  '/wxa/msg_sec_check',
]);

/** A codec and the name under which WeChat knows the call. */
export interface CallSecurity {
  readonly codec: ApiSecurityCodec;
  readonly url: string;
}

/** Knows which calls of which apps are sealed. The keys are prepared once. */
@Injectable()
export class ApiSecurity {
  private readonly codecs: ReadonlyMap<string, ApiSecurityCodec>;
  private readonly origin: string;

  private readonly warned = new Set<string>();

  constructor(
    settings: WechatSettings,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {
    this.codecs = new Map(settings.apps.flatMap((app) => this.codecOf(app)));
    this.origin = originForWechat(settings.apiBaseUrl);
  }

  /** How this call of this app is sealed; null if it goes in the clear. */
  of(appId: string, path: string): CallSecurity | null {
    const codec = SEALED_PATHS.has(path) ? this.codecs.get(appId) : undefined;
    return codec ? { codec, url: this.origin + path } : null;
  }

  private codecOf({ appId, apiSecurity }: WechatApp): [string, ApiSecurityCodec][] {
    if (!apiSecurity) return [];
    const onDeprecatedCertificate = (serial: string) => this.warnOnce(appId, serial);
    return [[appId, new ApiSecurityCodec(appId, apiSecurity, { onDeprecatedCertificate })]];
  }

  private warnOnce(appId: string, serial: string): void {
    if (this.warned.has(serial)) return;
    this.warned.add(serial);
    this.logger.warn({ appId, serial }, 'WeChat replaces this certificate soon; add the new one to WECHAT_APPS');
  }
}

/** What WeChat signs is its own address, whatever proxy stands between: one of its hosts is taken for what was called. */
function originForWechat(apiBaseUrl: string): string {
  const { hostname } = new URL(apiBaseUrl);
  return hostname.endsWith('.weixin.qq.com') ? `https://${hostname}` : WECHAT_API;
}
