import { SANDBOX_APPS } from '../../src/config/sandbox-apps.js';
import { signPush, type PushMessage, type PushOptions, type SignedPush } from '../../src/sandbox/push/sign-push.js';
import { openidOf } from '../../src/sandbox/sandbox-users.js';
import type { Answer, TestServer } from './test-server.js';

/** The apps of the sandbox, which have a token and a key for pushes. */
export const [APP_ONE, APP_TWO] = SANDBOX_APPS as [(typeof SANDBOX_APPS)[number], (typeof SANDBOX_APPS)[number]];

export type PushApp = (typeof SANDBOX_APPS)[number];

/** What all tests of pushes leave as it is. */
export interface PushCase extends Partial<PushOptions> {
  readonly app?: PushApp;
  readonly secure?: boolean;
}

let second = 1_760_000_000;

/** A second in which nothing has happened yet. */
export function nextSecond(): number {
  second += 1;
  return second;
}

/** An event about the data of a sandbox user. */
export function aboutData(event: string, user: string, app: PushApp = APP_ONE, more: PushMessage = {}): PushMessage {
  return {
    ToUserName: 'gh_97417a04a28d',
    FromUserName: 'oPlatform',
    CreateTime: nextSecond(),
    MsgType: 'event',
    Event: event,
    OpenID: openidOf(app.appId, user),
    AppID: app.appId,
    ...more,
  };
}

/** Signs a message for an app of the sandbox; in secure mode and JSON unless told otherwise. */
export function signed(message: PushMessage, { app = APP_ONE, secure = true, ...options }: PushCase = {}): SignedPush {
  return signPush(message, {
    appId: app.appId,
    token: app.pushToken!,
    encodingAesKey: secure ? app.pushAesKey! : null,
    format: 'json',
    timestamp: 1_714_112_445,
    ...options,
  });
}

/** Sends what was signed to the server's route of an app. */
export function deliver(server: TestServer, push: SignedPush, appId = APP_ONE.appId): Promise<Answer> {
  const query = new URLSearchParams(push.query).toString();
  return server.request('POST', `/v1/wechat/push/${appId}?${query}`, {
    rawBody: push.body,
    headers: { 'content-type': push.contentType },
  });
}

/** Signs a message and sends it. */
export function push(server: TestServer, message: PushMessage, options: PushCase = {}): Promise<Answer> {
  return deliver(server, signed(message, options), (options.app ?? APP_ONE).appId);
}

/** What the server has remembered, oldest first. */
export async function outcomes(server: TestServer): Promise<string[]> {
  const rows = await server.sql<{ line: string }>(
    `select event || ': ' || outcome as line from push_events order by received_at, id`,
  );
  return rows.map(({ line }) => line);
}
