import { Inject, Injectable } from '@nestjs/common';
import type { Logger } from 'pino';
import { WECHAT_API } from '../../config/load-settings.js';
import { WechatSettings, type WechatApp } from '../../config/settings.js';
import { AppError } from '../../errors/app-error.js';
import { LOGGER } from '../../logging/logging.module.js';
import { ApiSecurityCodec, type SealedRequest, type SealedResponse } from './api-security-codec.js';

/** The calls that are sealed for apps with API security. WeChat offers it for some of its calls only. */
const SEALED_PATHS: ReadonlySet<string> = new Set([
  '/wxa/business/getuserphonenumber',
  '/wxa/getuserriskrank',
  '/wxa/msg_sec_check',
]);

/** How the calls of one path and one app are sealed, and their answers opened. */
export interface CallSecurity {
  /** Seals the body. In the query of such a call there is nothing but the access_token, which WeChat wants in the clear. */
  seal(fields: Readonly<Record<string, unknown>>): SealedRequest;
  /** @throws AppError WECHAT_UNAVAILABLE, WECHAT_MISCONFIGURED - as `ApiSecurityCodec.open` does */
  open(response: SealedResponse): Readonly<Record<string, unknown>>;
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
    if (!codec) return null;
    const url = this.origin + path;
    return { seal: (fields) => codec.seal(url, fields), open: (response) => this.open(codec, url, response) };
  }

  /** Not every caller lets its user see a failure, but an operator has to know of every answer that is not believed. */
  private open(codec: ApiSecurityCodec, url: string, response: SealedResponse): Readonly<Record<string, unknown>> {
    try {
      return codec.open(url, response);
    } catch (error) {
      if (error instanceof AppError)
        this.logger.error({ ...error.context, url }, 'an answer of WeChat is not believed');
      throw error;
    }
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
