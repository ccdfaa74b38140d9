/** The calls of WeChat's server side that this program makes, by the last part of their path. */
export const WECHAT_APIS = [
  'code2session',
  'stable_token',
  'getuserphonenumber',
  'checksession',
  'resetusersessionkey',
  'getpluginopenpid',
  'checkencryptedmsg',
  'getuserencryptkey',
  'getuserriskrank',
  'msg_sec_check',
] as const;
export type WechatApi = (typeof WECHAT_APIS)[number];

/** One call of WeChat's server side. */
export interface WechatCall {
  /** How logs and metrics name the call. */
  readonly api: WechatApi;
  /** The mini-program on whose behalf it is made. */
  readonly appId: string;
  readonly path: string;
  /** Goes into the URL, secrets included; so no URL may ever reach a log or an error. */
  readonly query: Readonly<Record<string, string>>;
  /** Sent as JSON by POST; without it the call is a GET. */
  readonly body?: Readonly<Record<string, unknown>>;
  /** Carries a code that WeChat forgets after its first use, so it goes out once, whatever becomes of it. */
  readonly oneTime?: boolean;
}

/** A JSON object as WeChat answers it, nothing of it checked but `errcode`. */
export interface WechatAnswer {
  /** 0 for a success, also where WeChat leaves it out. */
  readonly errcode: number;
  readonly fields: Readonly<Record<string, unknown>>;
}
