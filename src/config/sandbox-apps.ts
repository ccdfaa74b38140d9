import type { WechatApp } from './settings.js';

/** The mini-programs of a server without `WECHAT_APPS`: two of one owner, so that a unionid means something. */
export const SANDBOX_APPS: readonly (WechatApp & { readonly secret: string })[] = [
  {
    appId: 'wxsandbox000000001',
    secret: 'sandbox-secret-of-app-one',
    name: 'Sandbox one',
    openPlatform: 'sandbox',
    pushToken: 'sandboxPushTokenOfAppOne',
    pushAesKey: 'sandboxPushAesKeyOfAppOneIsNoSecretAtAll111',
  },
  {
    appId: 'wxsandbox000000002',
    secret: 'sandbox-secret-of-app-two',
    name: 'Sandbox two',
    openPlatform: 'sandbox',
    pushToken: 'sandboxPushTokenOfAppTwo',
    pushAesKey: 'sandboxPushAesKeyOfAppTwoIsNoSecretAtAll222',
  },
];

/** Secrets that stand in this repository. Whoever uses one of them in production has no secret. */
export const PRINTED_SECRETS: ReadonlySet<string> = new Set([
  ...SANDBOX_APPS.flatMap(({ secret, pushToken, pushAesKey }) => [secret, pushToken!, pushAesKey!]),
  'development-control-token',
  'replace-me-with-32-random-bytes-in-base64',
  'replace-with-your-appsecret',
]);
