import type { WechatApp } from '../config/settings.js';
import { accessToken, code2Session, getPluginOpenPId, stableToken } from './login.api.js';
import { checkEncryptedData, getUserPhoneNumber } from './phone.api.js';
import { getUserRiskRank, msgSecCheck } from './safety.api.js';
import { checkSession, getUserEncryptKey, resetUserSessionKey } from './session-key.api.js';
import type { SandboxApi, WechatAnswer, WechatParameters } from './wechat-answer.js';
import type { WechatState } from './wechat-state.js';

/** A call of WeChat's server API: how an app proves itself, and what it is answered then. */
export interface WechatApi {
  readonly credential: 'secret' | 'access_token' | 'component';
  readonly answer: (wechat: WechatState, app: WechatApp, parameters: WechatParameters) => WechatAnswer;
}

/** All calls that the sandbox answers. */
export const WECHAT_APIS: Readonly<Record<SandboxApi, WechatApi>> = {
  jscode2session: { credential: 'secret', answer: code2Session },
  component_jscode2session: { credential: 'component', answer: code2Session },
  token: { credential: 'secret', answer: accessToken },
  stable_token: { credential: 'secret', answer: stableToken },
  checksession: { credential: 'access_token', answer: checkSession },
  resetusersessionkey: { credential: 'access_token', answer: resetUserSessionKey },
  getuserencryptkey: { credential: 'access_token', answer: getUserEncryptKey },
  getuserphonenumber: { credential: 'access_token', answer: getUserPhoneNumber },
  checkencryptedmsg: { credential: 'access_token', answer: checkEncryptedData },
  getpluginopenpid: { credential: 'access_token', answer: getPluginOpenPId },
  getuserriskrank: { credential: 'access_token', answer: getUserRiskRank },
  msg_sec_check: { credential: 'access_token', answer: msgSecCheck },
};
