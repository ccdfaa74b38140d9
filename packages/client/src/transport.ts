import { assign } from './assign.js';
import { callPlatform, type WxLike, type WxMethod } from './platform.js';

/** A request that is ready to leave. Further options of the platform (`dataType`, `enableHttp2`) travel with it. */
export interface TransportRequest {
  /** The whole address. */
  readonly url: string;
  readonly method?: string;
  readonly header: Readonly<Record<string, string>>;
  readonly data?: unknown;
  /** Milliseconds. */
  readonly timeout: number;
  /** Gets what the platform returned, to abort it or to watch its progress. */
  readonly onTask: (task: unknown) => void;
}

/** Any answer, whatever its status. */
export interface TransportResponse {
  readonly statusCode: number;
  readonly header?: Readonly<Record<string, unknown>>;
  readonly data?: unknown;
  /** Of a download. */
  readonly tempFilePath?: string;
}

/** Carries a request to the server. Fails only when no answer came. */
export type Transport = (request: TransportRequest) => Promise<TransportResponse>;

/** The ordinary way. */
export function platformTransport(platform: WxLike, name: 'request' | 'uploadFile' | 'downloadFile'): Transport {
  return (request) => callPlatform(platform, name, request, request.onTask);
}

/** Where a service on WeChat's cloud hosting is. */
export interface CallContainerOptions {
  /** `wx.cloud`, after `wx.cloud.init()`. */
  readonly cloud: { callContainer: WxMethod };
  /** The environment's id. */
  readonly env: string;
  /** The service's name, sent as `X-WX-SERVICE`. */
  readonly service: string;
}

/**
 * Carries requests over WeChat's own network to a service on cloud hosting (`wx.cloud.callContainer`): no legal domain has
 * to be registered. It has no uploads and downloads; those go to `baseURL` as ever.
 */
export function callContainerTransport({ cloud, env, service }: CallContainerOptions): Transport {
  return (request) => {
    const header = assign({ 'X-WX-SERVICE': service }, request.header);
    const path = request.url.replace(/^\w+:\/\/[^/]+/, '');
    return callPlatform(cloud, 'callContainer', assign({}, request, { path, config: { env }, header }), request.onTask);
  };
}
