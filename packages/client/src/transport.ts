import { callPlatform, type PlatformMethod, type WxLike, type WxMethod } from './platform.js';

/** A request that is ready to leave. Further options of the platform (`dataType`, `enableHttp2`) travel with it. */
export interface TransportRequest {
  /** The whole address. */
  readonly url: string;
  /** What follows `baseURL`; the whole address when it is another server's. */
  readonly path: string;
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

/** The ordinary way: `request`, `uploadFile` or `downloadFile` of the platform. */
export function platformTransport(platform: WxLike, name: PlatformMethod): Transport {
  return (request) => callPlatform<TransportResponse>(platform, name, request, request.onTask);
}

/** Where a WeChat cloud hosting service is. */
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
  return ({ path, method, header, data, timeout, onTask }) => {
    const options = { path, method, data, timeout, config: { env }, header: Object.assign({ 'X-WX-SERVICE': service }, header) };
    return callPlatform<TransportResponse>(cloud as unknown as WxLike, 'callContainer' as PlatformMethod, options, onTask);
  };
}
