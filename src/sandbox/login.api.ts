import type { WechatApp } from '../config/settings.js';
import { openidOf, openpidOf } from './sandbox-users.js';
import { answerOk, answerWithErrcode, isText, type WechatAnswer, type WechatParameters } from './wechat-answer.js';
import type { LoginGrant, WechatState } from './wechat-state.js';

/** `GET /sns/jscode2session` (code2Session). */
export function code2Session(
  wechat: WechatState,
  app: WechatApp,
  { grant_type, js_code }: WechatParameters,
): WechatAnswer {
  if (grant_type !== 'authorization_code') return answerWithErrcode(40002);
  if (!isText(js_code)) return answerWithErrcode(41008);
  const spent = wechat.loginCodes.spend(js_code, wechat.now(), madeFor(app));
  if (spent.outcome !== 'accepted') return answerWithErrcode(spent.outcome === 'used' ? 40163 : 40029);
  const { user } = spent.grant;
  if (user.blocked) return answerWithErrcode(40226);
  const unionid = wechat.apps.unionid(app.appId, user);
  return {
    // The newest, even for an older code: wx.login replaces the key, code2Session only reads it.
    session_key: user.visits.get(app.appId)?.sessionKey,
    openid: openidOf(app.appId, user.id),
    ...(unionid === null ? {} : { unionid }),
  };
}

/** `GET /cgi-bin/token` (getAccessToken). */
export function accessToken(wechat: WechatState, app: WechatApp, { grant_type }: WechatParameters): WechatAnswer {
  if (grant_type !== 'client_credential') return answerWithErrcode(40002);
  const token = wechat.tokens.replace(app.appId, wechat.now());
  return { access_token: token.accessToken, expires_in: token.expiresIn };
}

/** `POST /cgi-bin/stable_token` (getStableAccessToken). */
export function stableToken(
  wechat: WechatState,
  app: WechatApp,
  { grant_type, force_refresh }: WechatParameters,
): WechatAnswer {
  if (grant_type !== 'client_credential') return answerWithErrcode(40002);
  const token =
    force_refresh === true
      ? wechat.tokens.forceRefresh(app.appId, wechat.now())
      : wechat.tokens.current(app.appId, wechat.now());
  if (!token) return answerWithErrcode(45009);
  return { access_token: token.accessToken, expires_in: token.expiresIn };
}

/** `POST /wxa/getpluginopenpid` (getPluginOpenPId). A used code is 40029 like any other that is no good. */
export function getPluginOpenPId(wechat: WechatState, app: WechatApp, { code }: WechatParameters): WechatAnswer {
  if (!isText(code)) return answerWithErrcode(44002);
  const spent = wechat.pluginCodes.spend(code, wechat.now(), madeFor(app));
  if (spent.outcome !== 'accepted') return answerWithErrcode(40029);
  return answerOk({ openpid: openpidOf(app.appId, spent.grant.user.id) });
}

function madeFor(app: WechatApp): (grant: LoginGrant) => boolean {
  return ({ appId }) => appId === app.appId;
}
