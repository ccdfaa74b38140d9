import type { WechatApp } from './settings.js';

// openid, unionid, appId and secret are opaque to us; this is only what the database and a URL can carry.
const OPAQUE = /^[\x21-\x7e]{1,128}$/;

const FIELDS: Readonly<Record<string, { pattern: RegExp; required: boolean; rule: string }>> = {
  appId: { pattern: OPAQUE, required: true, rule: '1 to 128 visible ASCII characters' },
  secret: { pattern: OPAQUE, required: true, rule: '1 to 128 visible ASCII characters' },
  name: { pattern: /^[^\p{Cc}]{1,64}$/u, required: false, rule: '1 to 64 characters' },
  openPlatform: { pattern: OPAQUE, required: false, rule: '1 to 128 visible ASCII characters' },
  registration: { pattern: /^(always|on_phone|never)$/, required: false, rule: 'always, on_phone or never' },
  pushToken: { pattern: /^[A-Za-z0-9]{3,32}$/, required: false, rule: '3 to 32 letters and digits' },
  pushAesKey: { pattern: /^[A-Za-z0-9]{43}$/, required: false, rule: '43 letters and digits' },
};

/** Parses `WECHAT_APPS`, a JSON list of apps. Adds what is wrong to `problems`, by position and field, never a value. */
export function parseWechatApps(text: string, problems: string[]): WechatApp[] {
  let list: unknown;
  try {
    list = JSON.parse(text);
  } catch {
    problems.push('WECHAT_APPS: must be a JSON list');
    return [];
  }
  if (!Array.isArray(list) || list.length === 0) {
    problems.push('WECHAT_APPS: must be a JSON list with at least one app');
    return [];
  }
  const before = problems.length;
  list.forEach((app: unknown, index) => checkApp(app, `WECHAT_APPS[${index}]`, problems));
  if (problems.length > before) return [];
  const apps = list as WechatApp[];
  if (new Set(apps.map((app) => app.appId)).size !== apps.length) {
    problems.push('WECHAT_APPS: every appId must be listed once');
  }
  return apps;
}

function checkApp(app: unknown, where: string, problems: string[]): void {
  if (typeof app !== 'object' || app === null || Array.isArray(app)) {
    problems.push(`${where}: must be an object`);
    return;
  }
  const given = app as Record<string, unknown>;
  for (const [field, { pattern, required, rule }] of Object.entries(FIELDS)) {
    const value = given[field];
    if (value === undefined && !required) continue;
    if (typeof value !== 'string' || !pattern.test(value)) problems.push(`${where}.${field}: must be ${rule}`);
  }
  if (Object.keys(given).some((field) => !Object.hasOwn(FIELDS, field))) {
    problems.push(`${where}: has a field other than ${Object.keys(FIELDS).join(', ')}`);
  }
}
