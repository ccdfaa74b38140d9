import type { WechatApp } from '../config/settings.js';
import { signWithSessionKey } from './encrypt-user-data.js';
import { USER_KEY_TTL_SECONDS, newSessionKey, type Visit } from './sandbox-users.js';
import { answerOk, answerWithErrcode, type WechatAnswer, type WechatParameters } from './wechat-answer.js';
import type { WechatState } from './wechat-state.js';

/** `GET /wxa/checksession` (checkSessionKey). */
export function checkSession(wechat: WechatState, app: WechatApp, parameters: WechatParameters): WechatAnswer {
  const visit = findSigner(wechat, app, parameters);
  if (typeof visit === 'number') return answerWithErrcode(visit);
  return visit.sessionKeyLive ? answerOk() : answerWithErrcode(87009);
}

/** `GET /wxa/resetusersessionkey` (ResetUserSessionKey). The new key lives as long as the old one would have. */
export function resetUserSessionKey(wechat: WechatState, app: WechatApp, parameters: WechatParameters): WechatAnswer {
  const visit = findSigner(wechat, app, parameters);
  if (typeof visit === 'number') return answerWithErrcode(visit);
  if (!visit.sessionKeyLive) return answerWithErrcode(87007);
  visit.sessionKey = newSessionKey();
  return answerOk({ openid: parameters['openid'], session_key: visit.sessionKey });
}

/** `POST /wxa/business/getuserencryptkey` (getUserEncryptKey). Newest key first; an expired one stays in the list. */
export function getUserEncryptKey(wechat: WechatState, app: WechatApp, parameters: WechatParameters): WechatAnswer {
  const visit = findSigner(wechat, app, parameters);
  if (typeof visit === 'number') return answerWithErrcode(visit);
  if (!visit.sessionKeyLive) return answerWithErrcode(87009);
  const key_info_list = visit.userKeys.map(({ encryptKey, iv, version, createdAt }) => ({
    encrypt_key: encryptKey,
    iv,
    version,
    expire_in: Math.max(0, Math.floor(createdAt / 1000) + USER_KEY_TTL_SECONDS - wechat.timestamp()),
    create_time: Math.floor(createdAt / 1000),
  }));
  return answerOk({ key_info_list });
}

/** The user's visit of the app if the signature proves the caller's session_key to be the newest; else the errcode. */
function findSigner(
  wechat: WechatState,
  app: WechatApp,
  { openid, signature, sig_method, post_data = '' }: WechatParameters,
): Visit | 40003 | 87008 | 87009 {
  const found = wechat.users.findVisit(app.appId, openid);
  if (!found) return 40003;
  if (sig_method !== 'hmac_sha256') return 87008;
  // Either case is taken, says the community; a POST signs its body, so one that has a body cannot fit the empty text.
  const fits =
    post_data === '' &&
    typeof signature === 'string' &&
    signature.toLowerCase() === signWithSessionKey('', found.visit.sessionKey);
  return fits ? found.visit : 87009;
}
