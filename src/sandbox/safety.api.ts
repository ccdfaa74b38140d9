import { randomInt } from 'node:crypto';
import type { WechatApp } from '../config/settings.js';
import type { Visit } from './sandbox-users.js';
import {
  answerOk,
  answerWithErrcode,
  isText,
  requestId,
  type WechatAnswer,
  type WechatParameters,
} from './wechat-answer.js';
import type { WechatState } from './wechat-state.js';

// The label of a text with nothing wrong in it.
const NORMAL = 100;

// msgSecCheck and getUserRiskRank: "the user has to have opened the mini-program in the last two hours".
const RECENT_MS = 2 * 3_600_000;

// 0 sign-up, 1 promotion fraud.
const RISK_SCENES: readonly unknown[] = [0, 1];

// 1 profile, 2 comment, 3 forum, 4 social log.
const TEXT_SCENES: readonly unknown[] = [1, 2, 3, 4];

// "At most 2500 characters".
const CONTENT_MAX = 2500;

/** `POST /wxa/getuserriskrank` (getUserRiskRank). `unoin_id` is WeChat's spelling and names the request, not the user. */
export function getUserRiskRank(
  wechat: WechatState,
  app: WechatApp,
  { appid, openid, scene, client_ip }: WechatParameters,
): WechatAnswer {
  if (!isText(appid) || !isText(openid) || !isText(client_ip)) return answerWithErrcode(44002);
  if (!RISK_SCENES.includes(scene)) return answerWithErrcode(40129);
  if (appid !== app.appId) return answerWithErrcode(43104);
  const found = wechat.users.findVisit(app.appId, openid);
  if (!found) return answerWithErrcode(40003);
  if (!isRecent(wechat, found.visit)) return answerWithErrcode(61010);
  return {
    errcode: 0,
    errmsg: 'getuserriskrank succ',
    risk_rank: found.user.riskRank,
    unoin_id: randomInt(1, 2 ** 31),
  };
}

/** `POST /wxa/msg_sec_check` (msgSecCheck 2.0). Looks at the content and, as WeChat does, at what goes with it. */
export function msgSecCheck(wechat: WechatState, app: WechatApp, parameters: WechatParameters): WechatAnswer {
  const { content, version, scene, openid, nickname, title, signature } = parameters;
  if (!isText(content) || !isText(openid)) return answerWithErrcode(44002);
  if (version !== 2 || content.length > CONTENT_MAX) return answerWithErrcode(47001);
  if (!TEXT_SCENES.includes(scene)) return answerWithErrcode(40129);
  const found = wechat.users.findVisit(app.appId, openid);
  if (!found) return answerWithErrcode(40003);
  if (!isRecent(wechat, found.visit)) return answerWithErrcode(61010);
  const risky = wechat.riskyTexts.findIn([content, nickname, title, signature].filter(isText));
  const result = { suggest: risky?.suggest ?? 'pass', label: risky?.label ?? NORMAL };
  return answerOk({
    result,
    detail: [{ strategy: 'content_model', errcode: 0, ...result, prob: 90 }],
    trace_id: requestId(),
  });
}

function isRecent(wechat: WechatState, visit: Visit): boolean {
  return visit.seenAt + RECENT_MS > wechat.now();
}
