import type { WechatApp } from '../config/settings.js';
import { openidOf } from './sandbox-users.js';
import { phoneInfo } from './user-data.js';
import { answerOk, answerWithErrcode, isText, type WechatAnswer, type WechatParameters } from './wechat-answer.js';
import type { WechatState } from './wechat-state.js';

// checkEncryptedData: "only data of the last three days".
const PHONE_DATA_KNOWN_SECONDS = 3 * 86_400;

const SHA256_HEX = /^[0-9a-f]{64}$/i;

/** `POST /wxa/business/getuserphonenumber` (getPhoneNumber). A wrong `openid` does not spend the code. */
export function getUserPhoneNumber(wechat: WechatState, app: WechatApp, parameters: WechatParameters): WechatAnswer {
  const { code, openid } = parameters;
  if (!isText(code)) return answerWithErrcode(44002);
  const spent = wechat.phoneCodes.spend(
    code,
    wechat.now(),
    ({ appId, user }) => appId === app.appId && (openid === undefined || openid === openidOf(appId, user.id)),
  );
  if (spent.outcome !== 'accepted') return answerWithErrcode(40029);
  const { phone, countryCodeType, timestamp } = spent.grant;
  const watermark = { timestamp, appid: app.appId };
  return answerOk({ phone_info: { ...phoneInfo(phone, countryCodeType), watermark } });
}

/** `POST /wxa/business/checkencryptedmsg` (checkEncryptedData). Knows phone numbers only. `vaild` is WeChat's spelling. */
export function checkEncryptedData(
  wechat: WechatState,
  app: WechatApp,
  { encrypted_msg_hash }: WechatParameters,
): WechatAnswer {
  if (!isText(encrypted_msg_hash)) return answerWithErrcode(44002);
  if (!SHA256_HEX.test(encrypted_msg_hash)) return answerWithErrcode(40097);
  const data = wechat.phoneData.get(encrypted_msg_hash.toLowerCase());
  const known = data?.appId === app.appId && data.createdAt + PHONE_DATA_KNOWN_SECONDS > wechat.timestamp();
  return known ? answerOk({ vaild: true, create_time: data.createdAt }) : answerWithErrcode(1);
}
