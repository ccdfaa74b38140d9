import { Inject, Injectable } from '@nestjs/common';
import { HttpService } from '@nestjs/axios';
import { isAxiosError, type AxiosResponse } from 'axios';
import type { Logger } from 'pino';
import { firstValueFrom } from 'rxjs';
import { WechatSettings } from '../config/settings.js';
import { AppError } from '../errors/app-error.js';
import { LOGGER } from '../logging/logging.module.js';
import { AppGates } from './app-gates.js';
import { outcomeOf } from './errcodes.js';
import { wasNeverSent } from './never-sent.js';
import type { WechatAnswer, WechatCall } from './wechat-call.js';
import { wechatCalls } from './wechat-metrics.js';

// WeChat's own word for "not now", which it says when it is overloaded.
const BUSY = -1;

/**
 * Speaks HTTP with WeChat: within the time limit, without redirects, and no more than WeChat can bear.
 *
 * Nothing that may have been sent is sent twice. What the HTTP client throws carries the URL, so only its kind is kept.
 */
@Injectable()
export class WechatHttp {
  constructor(
    private readonly http: HttpService,
    private readonly settings: WechatSettings,
    private readonly gates: AppGates,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** The end of the time that one call may take, from now, with all that belongs to it. */
  deadline(): AbortSignal {
    // axios's own `timeout` starts again with every byte.
    return AbortSignal.timeout(this.settings.timeoutMs);
  }

  /**
   * Makes a call. An errcode of WeChat is an answer like any other.
   *
   * @throws AppError WECHAT_UNAVAILABLE - no answer in time, none that WeChat would give, or not asked because of that
   */
  async send(call: WechatCall, deadline: AbortSignal = this.deadline()): Promise<WechatAnswer> {
    if (deadline.aborted) throw this.unreachable(call, 'no time left');
    const pass = this.gates.enter(call.appId);
    const startedAt = performance.now();
    let answer: WechatAnswer | null = null;
    try {
      answer = this.read(call, await this.reach(call, deadline));
      return answer;
    } finally {
      pass.leave(answer && answer.errcode !== BUSY ? 'answered' : 'failed');
      const outcome = answer ? outcomeOf(call.api, answer.errcode) : 'unreachable';
      wechatCalls.observe({ api: call.api, outcome }, (performance.now() - startedAt) / 1000);
    }
  }

  /** Tries once more where the request has certainly not been sent. */
  private async reach(call: WechatCall, deadline: AbortSignal): Promise<AxiosResponse<string>> {
    try {
      return await this.attempt(call, deadline);
    } catch (error) {
      if (call.oneTime || !wasNeverSent(error)) throw this.unreachable(call, reasonOf(error));
    }
    try {
      return await this.attempt(call, deadline);
    } catch (error) {
      throw this.unreachable(call, reasonOf(error));
    }
  }

  private attempt(call: WechatCall, signal: AbortSignal): Promise<AxiosResponse<string>> {
    const url = `${this.settings.apiBaseUrl}${call.path}?${new URLSearchParams(call.query).toString()}`;
    if (!call.body) return firstValueFrom(this.http.get<string>(url, { signal }));
    const headers = { 'content-type': 'application/json' };
    return firstValueFrom(this.http.post<string>(url, JSON.stringify(call.body), { signal, headers }));
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

  private unreachable({ api, appId }: WechatCall, reason: string): AppError {
    this.logger.warn({ api, appId, reason }, 'WeChat cannot be reached');
    return new AppError('WECHAT_UNAVAILABLE', { context: { api, appId, reason } });
  }
}

/** The kind of a failure, and nothing else of it: message, config, request and cause all quote the URL. */
function reasonOf(error: unknown): string {
  if (!isAxiosError(error)) return 'UNKNOWN';
  return error.code === 'ERR_CANCELED' ? 'TIMEOUT' : (error.code ?? 'UNKNOWN');
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
