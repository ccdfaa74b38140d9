import { Inject, Injectable } from '@nestjs/common';
import { HttpService } from '@nestjs/axios';
import { isAxiosError, type AxiosResponse } from 'axios';
import type { Logger } from 'pino';
import { WechatSettings } from '../config/settings.js';
import { AppError } from '../errors/app-error.js';
import { LOGGER } from '../logging/logging.module.js';
import { ApiSecurity, type CallSecurity } from './api-security/api-security.js';
import type { CallEnding } from './app-gate.js';
import { AppGates } from './app-gates.js';
import { outcomeOf } from './errcodes.js';
import { wasNeverSent } from './never-sent.js';
import type { WechatAnswer, WechatCall } from './wechat-call.js';
import { wechatCalls } from './wechat-metrics.js';

type Fields = WechatAnswer['fields'];

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
    private readonly apiSecurity: ApiSecurity,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** The end of the time that one call may take, from now, with all that belongs to it. */
  deadline(): AbortSignal {
    // axios's own `timeout` starts again with every byte.
    return AbortSignal.timeout(this.settings.timeoutMs);
  }

  /**
   * Makes a call, sealed where the app has API security for it. An errcode of WeChat is an answer like any other.
   *
   * @throws AppError WECHAT_UNAVAILABLE - no answer in time, none that WeChat would give, or not asked because of that
   * @throws AppError WECHAT_MISCONFIGURED - an answer that the app's keys of API security do not open
   */
  async send(call: WechatCall, deadline?: AbortSignal): Promise<WechatAnswer> {
    if (deadline) return this.sendBefore(deadline, call);
    // A timer that is stopped costs less than a signal that goes off for nobody.
    const limit = new AbortController();
    const timer = setTimeout(() => limit.abort(), this.settings.timeoutMs);
    return this.sendBefore(limit.signal, call).finally(() => clearTimeout(timer));
  }

  private async sendBefore(deadline: AbortSignal, call: WechatCall): Promise<WechatAnswer> {
    if (deadline.aborted) throw this.unreachable(call, 'no time left');
    const pass = this.gates.enter(call.appId);
    const startedAt = performance.now();
    let [outcome, ending]: [string, CallEnding] = ['unreachable', 'failed'];
    try {
      const response = await this.reach(call, deadline);
      const said = this.read(call, response);
      // What cannot be believed was an answer all the same: no breaker makes it better.
      [outcome, ending] = ['unbelievable', 'answered'];
      const answer = this.open(call, response, said);
      outcome = outcomeOf(call.api, answer.errcode);
      if (answer.errcode === BUSY) ending = 'failed';
      return answer;
    } finally {
      pass.leave(ending);
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
    // Its methods would make an observable of every call, and an error when that has ended well.
    const { axiosRef } = this.http;
    if (!call.body) return axiosRef.get<string>(url, { signal });
    const security = this.securityOf(call);
    const { body, headers } = security?.seal(call.body) ?? { body: JSON.stringify(call.body), headers: {} };
    const sent = { signal, headers: { 'content-type': 'application/json', ...headers } };
    return axiosRef.post<string>(url, body, sent);
  }

  private read(call: WechatCall, response: AxiosResponse<string>): Fields {
    const fields = response.status === 200 ? parseObject(response.data) : null;
    if (!fields || typeof (fields['errcode'] ?? 0) !== 'number') {
      this.logger.warn({ api: call.api, status: response.status }, 'WeChat answered something else than its JSON');
      throw new AppError('WECHAT_UNAVAILABLE', { context: { api: call.api, status: response.status } });
    }
    return fields;
  }

  private open(call: WechatCall, { headers, data }: AxiosResponse<string>, said: Fields): WechatAnswer {
    const fields = this.securityOf(call)?.open({ headers, text: data }) ?? said;
    const { errcode = 0 } = fields;
    if (typeof errcode === 'number') return { errcode, fields };
    throw new AppError('WECHAT_UNAVAILABLE', { context: { api: call.api, reason: 'an errcode that is no number' } });
  }

  private securityOf({ appId, path, body }: WechatCall): CallSecurity | null {
    return body ? this.apiSecurity.of(appId, path) : null;
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
