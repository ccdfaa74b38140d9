import { HttpService } from '@nestjs/axios';
import { Inject, Injectable } from '@nestjs/common';
import { isAxiosError, type AxiosResponse } from 'axios';
import type { Logger } from 'pino';
import { WechatSettings } from '../../config/settings.js';
import { AppError } from '../../errors/app-error.js';
import type { ErrorCode } from '../../errors/catalog.js';
import { LOGGER } from '../../logging/logging.module.js';
import { wechatCalls } from '../wechat-metrics.js';
import type { ComponentToken } from './fetched-component-tokens.js';

/** The operator's own service that hands out the token of a third-party platform. */
export interface TokenService {
  /** That of the platform. */
  readonly appId: string;
  readonly tokenUrl: string;
  readonly tokenSecret: string;
}

// WeChat reserves 512 characters for its tokens.
const TOKEN = /^[\x21-\x7e]{1,512}$/;

/** Asks the operator's token services: once, within the time limit of a call, without redirects. No URL is ever logged. */
@Injectable()
export class ComponentTokenHttp {
  constructor(
    private readonly http: HttpService,
    private readonly settings: WechatSettings,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /**
   * Fetches `{component_access_token, expires_in}`, which is how WeChat itself words it.
   *
   * @throws AppError WECHAT_UNAVAILABLE - no answer in time, or another one
   * @throws AppError WECHAT_MISCONFIGURED - the service refuses the tokenSecret
   */
  async fetch(service: TokenService): Promise<ComponentToken> {
    const startedAt = performance.now();
    let outcome = 'unreachable';
    try {
      const response = await this.send(service);
      const token = this.read(service, response);
      outcome = '0';
      return token;
    } finally {
      wechatCalls.observe({ api: 'component_token', outcome }, (performance.now() - startedAt) / 1000);
    }
  }

  private async send({ appId, tokenUrl, tokenSecret }: TokenService): Promise<AxiosResponse<string>> {
    const headers = { authorization: `Bearer ${tokenSecret}` };
    const signal = AbortSignal.timeout(this.settings.timeoutMs);
    try {
      return await this.http.axiosRef.get<string>(tokenUrl, { signal, headers });
    } catch (error) {
      const reason = isAxiosError(error) ? (error.code ?? 'UNKNOWN') : 'UNKNOWN';
      throw this.failure(appId, 'WECHAT_UNAVAILABLE', reason);
    }
  }

  private read({ appId }: TokenService, { status, data }: AxiosResponse<string>): ComponentToken {
    if (status === 401 || status === 403) throw this.failure(appId, 'WECHAT_MISCONFIGURED', `status ${status}`);
    if (status !== 200) throw this.failure(appId, 'WECHAT_UNAVAILABLE', `status ${status}`);
    const token = parseToken(data);
    if (!token)
      throw this.failure(appId, 'WECHAT_UNAVAILABLE', 'another answer than component_access_token, expires_in');
    return token;
  }

  private failure(componentAppId: string, code: ErrorCode, reason: string): AppError {
    const context = { api: 'component_token', componentAppId, reason };
    this.logger.warn(context, 'the token service of the third-party platform gives no token');
    return new AppError(code, { context });
  }
}

function parseToken(text: string): ComponentToken | null {
  let answer: unknown;
  try {
    answer = JSON.parse(text);
  } catch {
    return null;
  }
  if (typeof answer !== 'object' || answer === null) return null;
  const { component_access_token: token, expires_in: expiresInSeconds } = answer as Record<string, unknown>;
  if (typeof token !== 'string' || !TOKEN.test(token)) return null;
  if (typeof expiresInSeconds !== 'number' || !Number.isFinite(expiresInSeconds)) return null;
  return { token, expiresInSeconds };
}
