import type { PhoneClock } from './phone-clock.js';
import { parsedAsWechat, sendAsWechat, type WxRequest, type WxRequestKind, type WxResponse } from './phone-http.js';

/** A request on its way, with the kind it has. */
export interface SentRequest extends WxRequest {
  readonly kind: WxRequestKind;
}

/**
 * A network. `carry` takes the request to the server and brings its answer; it may be called again (doubled), later, or
 * not at all, and its answer may be thrown away: then the network throws.
 */
export type Network = (request: SentRequest, carry: () => Promise<WxResponse>) => Promise<WxResponse>;

/** What a mini-program gives beside the options of a call. */
export interface WxCallbacks {
  readonly success?: (result: never) => void;
  readonly fail?: (failure: { errMsg: string; errno?: number }) => void;
  readonly complete?: (outcome: unknown) => void;
}

interface InFlight {
  fail(errMsg: string): void;
}

// https://developers.weixin.qq.com/miniprogram/dev/framework/ability/network.html
const AT_ONCE_MAX = 10;
const TIMEOUT_MS = 60_000;
const BACKGROUND_MS = 5000;

/** The part of WeChat that sends requests: ten at a time, none longer than its time-out, none in the background. */
export class WxNetwork {
  /** What lies between the phone and the server. */
  network: Network = (_request, carry) => carry();
  /** Files on the phone, by their temporary path. */
  readonly files = new Map<string, Buffer>();
  /** Every request that left, as `METHOD /path`. */
  readonly sent: string[] = [];
  /** The most that were under way at once. */
  most = 0;
  private readonly inFlight = new Set<InFlight>();
  private queue: readonly (() => void)[] = [];
  private stopInterruption: (() => void) | null = null;
  private isHidden = false;

  constructor(private readonly clock: PhoneClock) {}

  /** Plays `wx.request` and its like. Every status lands in `success`. */
  start(kind: WxRequestKind, options: WxRequest & WxCallbacks): { abort(): void } {
    const { success, fail, complete } = options as unknown as {
      [name in keyof WxCallbacks]: ((outcome: unknown) => void) | undefined;
    };
    let isOver = false;
    const end = (callback: ((outcome: unknown) => void) | undefined, outcome: unknown): void => {
      if (isOver) return;
      isOver = true;
      stopTimer();
      this.inFlight.delete(flight);
      this.startNext();
      callback?.(outcome);
      complete?.(outcome);
    };
    const flight = { fail: (errMsg: string) => end(fail, { errMsg: `${kind}:fail ${errMsg}` }) };
    const stopTimer = this.clock.alarm(options.timeout ?? TIMEOUT_MS, () => flight.fail('timeout'));
    const leave = (): void => {
      if (isOver) return this.startNext();
      this.inFlight.add(flight);
      this.most = Math.max(this.most, this.inFlight.size);
      this.sent.push(`${kind === 'uploadFile' ? 'POST' : (options.method ?? 'GET')} ${new URL(options.url).pathname}`);
      this.network({ ...options, kind }, () => this.carry(kind, options)).then(
        (response) => end(success, response),
        (error: Error) => flight.fail(error.message),
      );
    };
    if (options.method === 'PATCH') queueMicrotask(() => flight.fail('method is invalid'));
    else if (this.inFlight.size < AT_ONCE_MAX) leave();
    else this.queue = [...this.queue, leave];
    if (this.isHidden) this.interruptSoon();
    return { abort: () => flight.fail('abort') };
  }

  /** The app goes to the background: what is not finished 5 s later fails. */
  hide(): void {
    this.isHidden = true;
    this.interruptSoon();
  }

  show(): void {
    this.isHidden = false;
    this.stopInterruption?.();
  }

  private interruptSoon(): void {
    this.stopInterruption?.();
    this.stopInterruption = this.clock.alarm(BACKGROUND_MS, () => {
      for (const flight of [...this.inFlight]) flight.fail('interrupted');
    });
  }

  private startNext(): void {
    const [next, ...others] = this.queue;
    if (!next || this.inFlight.size >= AT_ONCE_MAX) return;
    this.queue = others;
    next();
  }

  private async carry(kind: WxRequestKind, options: WxRequest): Promise<WxResponse> {
    const { statusCode, header, bytes } = await sendAsWechat(kind, options, this.files);
    if (kind === 'request') return { statusCode, header, data: parsedAsWechat(bytes) };
    // An upload's answer is always text; a download's is always a file.
    if (kind === 'uploadFile') return { statusCode, header, data: bytes.toString('utf8') };
    const tempFilePath = `wxfile://tmp_${this.files.size + 1}`;
    this.files.set(tempFilePath, bytes);
    return { statusCode, header, tempFilePath };
  }
}
