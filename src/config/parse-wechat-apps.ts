import { checkApiSecurity } from './check-api-security.js';
import { checkComponent } from './check-component.js';
import { OPAQUE, checkFields, type FieldRule } from './check-fields.js';
import type { WechatApp } from './settings.js';

const FIELDS: Readonly<Record<string, FieldRule>> = {
  appId: { ...OPAQUE, required: true },
  secret: { ...OPAQUE, required: false },
  name: { pattern: /^[^\p{Cc}]{1,64}$/u, required: false, rule: '1 to 64 characters' },
  openPlatform: { ...OPAQUE, required: false },
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
  checkComponentsAgree(apps, problems);
  return apps;
}

function checkApp(app: unknown, where: string, problems: string[]): void {
  const given = checkFields(app, FIELDS, where, problems, ['component', 'apiSecurity']);
  if (!given) return;
  const { secret, component, apiSecurity } = given;
  if (secret === undefined && component === undefined) problems.push(`${where}.secret: must be ${OPAQUE.rule}`);
  if (secret !== undefined && component !== undefined) {
    problems.push(`${where}: has both secret and component; the app signs in by one of them`);
  }
  if (component !== undefined) checkComponent(component, `${where}.component`, problems);
  if (apiSecurity === undefined) return;
  checkApiSecurity(apiSecurity, `${where}.apiSecurity`, problems);
  if (component !== undefined) {
    problems.push(`${where}.apiSecurity: needs the access_token of the app's own secret, which a component has not`);
  }
}

/** A platform has one token, so it is described once, or everywhere alike. */
function checkComponentsAgree(apps: readonly WechatApp[], problems: string[]): void {
  const described = new Map<string, string>();
  apps.forEach(({ component }, index) => {
    if (!component) return;
    const description = JSON.stringify(Object.entries(component).toSorted(([a], [b]) => a.localeCompare(b)));
    if ((described.get(component.appId) ?? description) !== description) {
      problems.push(`WECHAT_APPS[${index}].component: differs from that of another app with the same component appId`);
    }
    described.set(component.appId, description);
  });
}
