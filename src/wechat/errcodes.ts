import type { ErrorCode } from '../errors/catalog.js';
import { WECHAT_APIS, type WechatApi } from './wechat-call.js';

/** Who can do something about a refusal: the person, the mini-program, whoever runs this server, or nobody but time. */
export type Mover = 'user' | 'client' | 'operator' | 'nobody';

/** What an errcode of WeChat means, in the calls listed. */
export interface ErrcodeMeaning {
  readonly errcode: number;
  readonly apis: readonly WechatApi[];
  readonly code: ErrorCode;
  readonly mover: Mover;
  readonly meaning: string;
}

/** The calls that carry an access_token. */
export const AUTHORIZED_APIS = WECHAT_APIS.filter((api) => api !== 'code2session' && api !== 'stable_token');

/** The errcodes by which WeChat refuses the access_token itself and has done nothing of the call. */
export const TOKEN_REFUSALS: ReadonlySet<number> = new Set([40001, 40014, 42001]);

const ANY = WECHAT_APIS;
const LOGIN: readonly WechatApi[] = ['code2session'];
const TOKEN: readonly WechatApi[] = ['stable_token'];
const PHONE: readonly WechatApi[] = ['getuserphonenumber'];
const PLUGIN: readonly WechatApi[] = ['getpluginopenpid'];
const ENCRYPTED: readonly WechatApi[] = ['checkencryptedmsg'];
const SAFETY: readonly WechatApi[] = ['getuserriskrank', 'msg_sec_check'];
const SEALED: readonly WechatApi[] = [...PHONE, ...SAFETY];
const SIGNED: readonly WechatApi[] = ['checksession', 'resetusersessionkey', 'getuserencryptkey'];

function row(errcode: number, apis: readonly WechatApi[], code: ErrorCode, mover: Mover, meaning: string) {
  return { errcode, apis, code, mover, meaning } satisfies ErrcodeMeaning;
}

/**
 * Every errcode this program knows, at most one meaning for each in each call. Generates docs/wechat-errcodes.md.
 *
 * Sources: the error tables of developers.weixin.qq.com/miniprogram/dev/server/API, page by page, and the global return
 * codes. 40163, 45011's minute quota of a login and 1007's usual reason are known from the community only.
 */
export const ERRCODE_MEANINGS: readonly ErrcodeMeaning[] = [
  row(-1, ANY, 'WECHAT_UNAVAILABLE', 'nobody', 'WeChat is busy'),
  row(40001, AUTHORIZED_APIS, 'WECHAT_UNAVAILABLE', 'nobody', 'access_token refused, a fresh one too'),
  row(40014, AUTHORIZED_APIS, 'WECHAT_UNAVAILABLE', 'nobody', 'access_token malformed, a fresh one too'),
  row(42001, AUTHORIZED_APIS, 'WECHAT_UNAVAILABLE', 'nobody', 'access_token expired, a fresh one too'),
  row(
    45009,
    ANY,
    'WECHAT_RATE_LIMITED',
    'operator',
    'daily quota of the call used up; can be reset at mp.weixin.qq.com',
  ),
  row(45011, ANY, 'WECHAT_RATE_LIMITED', 'nobody', 'minute quota of the call used up'),

  row(40029, LOGIN, 'WECHAT_CODE_REJECTED', 'client', 'code invalid, expired or of another app'),
  row(40163, LOGIN, 'WECHAT_CODE_REJECTED', 'client', 'code already used'),
  row(41008, LOGIN, 'WECHAT_CODE_REJECTED', 'client', 'code missing'),
  row(40226, LOGIN, 'WECHAT_USER_BLOCKED', 'nobody', 'user blocked, high risk: a hard stop'),
  row(40001, LOGIN, 'WECHAT_MISCONFIGURED', 'operator', 'component_access_token refused, a fresh one too'),
  row(40014, LOGIN, 'WECHAT_MISCONFIGURED', 'operator', 'component_access_token malformed, a fresh one too'),
  row(42001, LOGIN, 'WECHAT_MISCONFIGURED', 'operator', 'component_access_token expired, a fresh one too'),
  row(41021, LOGIN, 'WECHAT_MISCONFIGURED', 'operator', 'component_access_token missing'),
  row(61003, LOGIN, 'WECHAT_MISCONFIGURED', 'operator', 'the app has not authorized the third-party platform'),

  row(40029, PHONE, 'PHONE_CODE_REJECTED', 'user', "code invalid, expired, used, of another app or another user's"),
  row(40163, PHONE, 'PHONE_CODE_REJECTED', 'user', 'code already used'),

  row(87007, ['resetusersessionkey'], 'SESSION_KEY_STALE', 'client', 'session_key missing or expired'),
  row(87008, SIGNED, 'WECHAT_MISCONFIGURED', 'operator', 'sig_method unknown'),
  row(87009, SIGNED, 'SESSION_KEY_STALE', 'client', 'signature wrong: the session_key is not the newest one'),

  row(40029, PLUGIN, 'WECHAT_CODE_REJECTED', 'client', 'code invalid, expired or used'),
  row(40163, PLUGIN, 'WECHAT_CODE_REJECTED', 'client', 'code already used'),
  row(1000, PLUGIN, 'WECHAT_UNAVAILABLE', 'nobody', 'WeChat is busy'),
  row(1001, PLUGIN, 'WECHAT_MISCONFIGURED', 'operator', 'parameters malformed'),
  row(1003, PLUGIN, 'WECHAT_RATE_LIMITED', 'nobody', 'called too often'),
  row(1005, PLUGIN, 'WECHAT_MISCONFIGURED', 'operator', 'the plug-in does not belong to this app'),
  row(1007, PLUGIN, 'WECHAT_CODE_REJECTED', 'client', 'no openpid for the code: used, or not of wx.pluginLogin'),
  row(1022, PLUGIN, 'WECHAT_MISCONFIGURED', 'operator', 'JSON malformed'),

  row(1, ENCRYPTED, 'USER_DATA_UNREADABLE', 'client', 'data not made by WeChat, older than 3 days or of another app'),
  row(40097, ENCRYPTED, 'WECHAT_MISCONFIGURED', 'operator', 'parameters malformed'),

  row(
    61010,
    SAFETY,
    'WECHAT_CODE_REJECTED',
    'client',
    'the user was not in the mini-program within the last two hours',
  ),
  row(40129, ['msg_sec_check'], 'WECHAT_MISCONFIGURED', 'operator', 'scene unknown'),
  row(43104, SAFETY, 'WECHAT_MISCONFIGURED', 'operator', 'openid of another app'),

  row(40230, SEALED, 'WECHAT_MISCONFIGURED', 'operator', 'API security: Wechatmp-Serial missing'),
  row(40231, SEALED, 'WECHAT_MISCONFIGURED', 'operator', 'API security is on and the request is not sealed'),
  row(40232, SEALED, 'WECHAT_MISCONFIGURED', 'operator', 'API security: Wechatmp-Signature missing'),
  row(40233, SEALED, 'WECHAT_MISCONFIGURED', 'operator', 'API security: Wechatmp-Appid missing'),
  row(40234, SEALED, 'WECHAT_MISCONFIGURED', 'operator', 'API security: signature wrong; compare privateKey'),
  row(40235, SEALED, 'WECHAT_MISCONFIGURED', 'operator', 'API security: cannot be decrypted; compare symmetricKey'),
  row(40236, SEALED, 'WECHAT_MISCONFIGURED', 'operator', 'API security: Wechatmp-Appid invalid'),
  row(40237, SEALED, 'WECHAT_MISCONFIGURED', 'operator', 'API security: access_token of another app'),
  row(40238, SEALED, 'WECHAT_MISCONFIGURED', 'operator', 'API security: no symmetric key set at WeChat'),
  row(40239, SEALED, 'WECHAT_MISCONFIGURED', 'operator', 'API security: no public key set at WeChat'),
  row(40240, SEALED, 'WECHAT_MISCONFIGURED', 'operator', "API security: this server's clock is wrong"),

  row(40001, TOKEN, 'WECHAT_MISCONFIGURED', 'operator', 'AppSecret wrong'),
  row(89503, TOKEN, 'WECHAT_MISCONFIGURED', 'operator', "the caller's IP waits for the administrator's consent"),
  row(
    89506,
    TOKEN,
    'WECHAT_MISCONFIGURED',
    'operator',
    "the administrator refused the caller's IP twice within 24 hours",
  ),
  row(
    89507,
    TOKEN,
    'WECHAT_MISCONFIGURED',
    'operator',
    "the administrator refused the caller's IP within the last hour",
  ),

  row(40002, ANY, 'WECHAT_MISCONFIGURED', 'operator', 'grant_type unknown'),
  row(40003, ANY, 'WECHAT_MISCONFIGURED', 'operator', 'openid unknown in this app'),
  row(40013, ANY, 'WECHAT_MISCONFIGURED', 'operator', 'appid unknown'),
  row(40125, ANY, 'WECHAT_MISCONFIGURED', 'operator', 'AppSecret wrong'),
  row(40164, ANY, 'WECHAT_MISCONFIGURED', 'operator', "the caller's IP is not on the app's list"),
  row(40243, ANY, 'WECHAT_MISCONFIGURED', 'operator', 'AppSecret frozen'),
  row(41001, ANY, 'WECHAT_MISCONFIGURED', 'operator', 'access_token missing'),
  row(41002, ANY, 'WECHAT_MISCONFIGURED', 'operator', 'appid missing'),
  row(41004, ANY, 'WECHAT_MISCONFIGURED', 'operator', 'AppSecret missing'),
  row(44002, ANY, 'WECHAT_MISCONFIGURED', 'operator', 'body empty'),
  row(47001, ANY, 'WECHAT_MISCONFIGURED', 'operator', 'JSON malformed'),
  row(48001, ANY, 'WECHAT_MISCONFIGURED', 'operator', 'the app has no permission for this call'),
  row(50007, ANY, 'WECHAT_MISCONFIGURED', 'operator', 'the app is frozen'),
];

const BY_API: Readonly<Record<WechatApi, ReadonlyMap<number, ErrcodeMeaning>>> = meaningsByApi();

/** The error of the catalog for an errcode in a call; one that is not known there is the operator's, never the user's. */
export function errorOf(api: WechatApi, errcode: number): ErrorCode {
  return BY_API[api].get(errcode)?.code ?? 'WECHAT_MISCONFIGURED';
}

/** Names an answer for metrics: the errcode if it is known in this call, so that the names stay few. */
export function outcomeOf(api: WechatApi, errcode: number): string {
  return errcode === 0 || BY_API[api].has(errcode) ? String(errcode) : 'unknown';
}

function meaningsByApi(): Record<WechatApi, Map<number, ErrcodeMeaning>> {
  const of = (api: WechatApi) =>
    new Map(ERRCODE_MEANINGS.filter(({ apis }) => apis.includes(api)).map((meaning) => [meaning.errcode, meaning]));
  return Object.fromEntries(WECHAT_APIS.map((api) => [api, of(api)])) as Record<WechatApi, Map<number, ErrcodeMeaning>>;
}
