import type { Settings } from './config/settings.js';

/** What a developer sees on standard output once the server listens. */
export function banner(url: string, settings: Settings): string {
  const lines = [
    `wechat-passport is at ${url}`,
    `  docs      ${url}/docs`,
    `  health    ${url}/readyz`,
    `  database  ${settings.database.url ? 'PostgreSQL' : `embedded, in ${settings.database.directory}`}`,
    `  SMS       ${settings.sms.providerModule ?? 'printed here'}`,
    `  WeChat    ${settings.sandbox.enabled ? 'sandbox, on this server' : settings.wechat.apiBaseUrl}`,
  ];
  if (settings.sandbox.enabled) {
    const token = settings.sandbox.controlToken ? ` -H "Authorization: Bearer $SANDBOX_CONTROL_TOKEN"` : '';
    lines.push(
      '',
      'Play the phone, then sign in (paste both lines):',
      `  CODE=$(curl -s ${url}/sandbox/wx-login${token} -H 'content-type: application/json' -d '{"user":"alice"}' | sed 's/.*"code":"\\([^"]*\\)".*/\\1/')`,
      `  curl -s ${url}/v1/auth/wechat/login -H 'content-type: application/json' -d "{\\"code\\":\\"$CODE\\"}"`,
    );
  }
  return `\n${lines.join('\n')}\n\n`;
}
