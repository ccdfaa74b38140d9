import { Inject, Injectable } from '@nestjs/common';
import { HttpService } from '@nestjs/axios';
import { isAxiosError, type AxiosResponse } from 'axios';
import type { Logger } from 'pino';
import { firstValueFrom } from 'rxjs';
import { WechatSettings } from '../config/settings.js';
import { AppError } from '../errors/app-error.js';
import { LOGGER } from '../logging/logging.module.js';
import { wechatCalls } from './wechat-metrics.js';

/** One call of WeChat's server side. */
export interface WechatCall {
  /** How logs and metrics name the call. */
  readonly api: string;
  readonly path: string;
  /** Goes into the URL, secrets included; so no URL may ever reach a log or an error. */
  readonly query: Readonly<Record<string, string>>;
}

/** A JSON object as WeChat answers it, nothing of it checked but `errcode`. */
export interface WechatAnswer {
  readonly errcode: number;
  readonly fields: Readonly<Record<string, unknown>>;
}

/**
 * Speaks HTTP with WeChat: once, within the time limit, without redirects.
 *
 * Nothing is sent twice. What axios throws carries the URL, so only its kind is kept.
 */
@Injectable()
export class WechatHttp {
  constructor(
    private readonly http: HttpService,
    private readonly settings: WechatSettings,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** @throws AppError WECHAT_UNAVAILABLE - no answer in time, or none that WeChat would give */
  async get(call: WechatCall): Promise<WechatAnswer> {
    const startedAt = performance.now();
    let outcome = 'unreachable';
    try {
      const response = await this.send(call);
      const answer = this.read(call, response);
      outcome = String(answer.errcode);
      return answer;
    } finally {
      wechatCalls.observe({ api: call.api, outcome }, (performance.now() - startedAt) / 1000);
    }
  }

  private async send(call: WechatCall): Promise<AxiosResponse<string>> {
    const url = `${this.settings.apiBaseUrl}${call.path}?${new URLSearchParams(call.query).toString()}`;
    // The limit covers the whole call; axios's own `timeout` starts again with every byte.
    const signal = AbortSignal.timeout(this.settings.timeoutMs);
    try {
      return await firstValueFrom(this.http.get<string>(url, { signal }));
    } catch (error) {
      const reason = isAxiosError(error) ? (error.code ?? 'UNKNOWN') : 'UNKNOWN';
      this.logger.warn({ api: call.api, reason }, 'WeChat cannot be reached');
      throw new AppError('WECHAT_UNAVAILABLE', { context: { api: call.api, reason } });
    }
  }

  private read(call: WechatCall, response: AxiosResponse<string>): WechatAnswer {
    const fields = response.status === 200 ? parseObject(response.data) : null;
    const errcode = fields?.['errcode'] ?? 0;
    if (!fields || typeof errcode !== 'number') {
      this.logger.warn({ api: call.api, status: response.status }, 'WeChat answered something else than its JSON');
      throw new AppError('WECHAT_UNAVAILABLE', { context: { api: call.api, status: response.status } });
    }
    return { errcode, fields };
  }
}

/** WeChat's Content-Type may be text/plain, so the text itself decides. */
function parseObject(text: unknown): Record<string, unknown> | null {
  if (typeof text !== 'string') return null;
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : null;
  } catch {
    return null;
  }
}
