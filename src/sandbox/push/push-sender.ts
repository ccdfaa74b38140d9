import { randomBytes } from 'node:crypto';
import type { WechatApp } from '../../config/settings.js';
import { AppError } from '../../errors/app-error.js';
import { openidOf } from '../sandbox-users.js';
import type { PushAnswer, PushRequest, PushTarget, UrlCheckAnswer } from './sandbox-push.dto.js';
import { signPush, signatureOf, type PushMessage, type SignedPush } from './sign-push.js';

// WeChat waits so long for an answer.
const ANSWER_MS = 5000;
const BODY_SHOWN = 1000;
const LOOPBACK = new Set(['127.0.0.1', 'localhost', '[::1]']);
const FIELD_NAME = /^[ ]?[A-Za-z_][A-Za-z0-9_]{0,63}$/;

// Who pushes what is not sent by a person.
const PLATFORM = 'o_wechat_platform_of_sandbox';
const ACCOUNT = 'gh_sandbox';

/** Pushes messages to a server under test, as WeChat would. */
export class PushSender {
  private readonly apps: ReadonlyMap<string, WechatApp>;

  /**
   * @param guarded whether a token guards the control routes; without one only the loopback address is called
   * @param now the time of the sandbox, in milliseconds since 1970
   */
  constructor(
    private readonly knownApps: readonly WechatApp[],
    private readonly guarded: boolean,
    private readonly now: () => number,
  ) {
    this.apps = new Map(knownApps.map((app) => [app.appId, app]));
  }

  /**
   * Sends an event, once or several times. Each time it is signed and encrypted anew, as WeChat does.
   *
   * @throws AppError WECHAT_APP_UNKNOWN; VALIDATION_FAILED - the URL, the fields, or what the app lacks for this mode
   */
  async send(request: PushRequest): Promise<PushAnswer[]> {
    const app = this.getApp(request.appId);
    const url = this.allowedUrl(request.url);
    const message = this.messageOf(app, request);
    const { mode = 'secure', format = 'json', times = 1, simultaneous = false } = request;
    const encodingAesKey = mode === 'secure' ? required('pushAesKey', app.pushAesKey) : null;
    const token = required('pushToken', app.pushToken);
    const once = () =>
      post(url, signPush(message, { appId: app.appId, token, encodingAesKey, format, timestamp: this.seconds() }));

    if (simultaneous) return Promise.all(Array.from({ length: times }, once));
    const answers: PushAnswer[] = [];
    while (answers.length < times) answers.push(await once());
    return answers;
  }

  /**
   * Does what WeChat's console does when a push URL is entered.
   *
   * @throws AppError WECHAT_APP_UNKNOWN; VALIDATION_FAILED
   */
  async checkUrl(target: PushTarget): Promise<UrlCheckAnswer> {
    const app = this.getApp(target.appId);
    const url = this.allowedUrl(target.url);
    const token = required('pushToken', app.pushToken);
    const [timestamp, nonce, echostr] = [String(this.seconds()), numeral(), numeral()];
    const query = { signature: signatureOf(token, timestamp, nonce), timestamp, nonce, echostr };
    const answer = await call(url, query, { method: 'GET' });
    return { ...answer, passed: answer.status === 200 && answer.body === echostr };
  }

  private messageOf(app: WechatApp, { user, event, createTime, fields = {} }: PushRequest): PushMessage {
    const openid = openidOf(app.appId, user);
    const aboutData = event.startsWith('user_');
    return {
      ToUserName: ACCOUNT,
      FromUserName: aboutData ? PLATFORM : openid,
      CreateTime: createTime ?? this.seconds(),
      MsgType: 'event',
      Event: event,
      ...(aboutData ? { OpenID: openid, AppID: app.appId } : {}),
      ...checkedFields(fields),
    };
  }

  private allowedUrl(text: string): URL {
    const url = URL.canParse(text) ? new URL(text) : null;
    if (!url || !/^https?:$/.test(url.protocol)) throw invalid('url: must be an http or https URL');
    if (!this.guarded && !LOOPBACK.has(url.hostname)) {
      throw invalid('url: only the loopback address is called while no SANDBOX_CONTROL_TOKEN is set');
    }
    return url;
  }

  private getApp(appId: string | undefined): WechatApp {
    const app = appId === undefined ? this.knownApps[0] : this.apps.get(appId);
    if (!app) throw new AppError('WECHAT_APP_UNKNOWN');
    return app;
  }

  private seconds(): number {
    return Math.floor(this.now() / 1000);
  }
}

function checkedFields(fields: Readonly<Record<string, unknown>>): PushMessage {
  const checked = Object.entries(fields).map(([name, value]) => {
    if (!FIELD_NAME.test(name)) throw invalid('fields: names are letters, digits and _');
    if (typeof value !== 'string' && typeof value !== 'number') throw invalid('fields: values are texts or numbers');
    return [name, value] as const;
  });
  return Object.fromEntries(checked);
}

function post(url: URL, { query, contentType, body }: SignedPush): Promise<PushAnswer> {
  return call(url, query, { method: 'POST', headers: { 'content-type': contentType }, body });
}

async function call(target: URL, query: Readonly<Record<string, string>>, init: RequestInit): Promise<PushAnswer> {
  const url = new URL(target);
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
  try {
    const response = await fetch(url, { ...init, redirect: 'manual', signal: AbortSignal.timeout(ANSWER_MS) });
    const text = await response.text();
    return { status: response.status, body: text.slice(0, BODY_SHOWN) };
  } catch {
    return { status: null, body: '' };
  }
}

function required(setting: string, value: string | undefined): string {
  if (!value) throw invalid(`the app has no ${setting}`);
  return value;
}

function invalid(detail: string): AppError {
  return new AppError('VALIDATION_FAILED', { detail });
}

function numeral(): string {
  return String(randomBytes(6).readUIntBE(0, 6));
}
