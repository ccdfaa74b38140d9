import { randomBytes } from 'node:crypto';
import { loadSettings } from '../config/load-settings.js';
import { PRINTED_SECRETS } from '../config/sandbox-apps.js';
import type { Settings } from '../config/settings.js';
import { createLogger } from '../logging/logger.js';
import { startSandbox } from './start-sandbox.js';

// Beside the server, which takes 3000.
const DEFAULT_PORT = '3100';

/** The entry of `npm run sandbox`: a WeChat of its own until SIGTERM or SIGINT. */
async function main(): Promise<void> {
  if (process.env.NODE_ENV === 'production') {
    throw new Error('The sandbox signs in anybody as anybody: it does not run with NODE_ENV=production.');
  }
  const { wechat, server, sandbox: control } = sandboxSettings();
  const running = await startSandbox({
    apps: wechat.apps,
    controlToken: control.controlToken,
    port: server.port,
    host: server.host,
    logger: createLogger(server.logLevel),
  });
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void running.close());
  process.stdout.write(greeting(running.url, wechat.apps, control.controlToken !== null));
}

/** The settings of the server, with the sandbox on and a master key that nobody keeps: nothing is sealed here. */
function sandboxSettings(): Settings {
  return loadSettings({
    ...process.env,
    PORT: process.env.PORT || DEFAULT_PORT,
    WECHAT_SANDBOX: 'true',
    MASTER_KEYS: `sandbox:${randomBytes(32).toString('base64')}`,
    MASTER_KEYS_FILE: '',
  });
}

function greeting(url: string, apps: Settings['wechat']['apps'], guarded: boolean): string {
  const [app] = apps;
  const appId = app?.appId ?? '';
  // A secret is shown only if it is none.
  const secret = app?.secret !== undefined && PRINTED_SECRETS.has(app.secret) ? app.secret : '$APP_SECRET';
  const curl = `curl -s${guarded ? ' -H "Authorization: Bearer $SANDBOX_CONTROL_TOKEN"' : ''}`;
  const json = "-H 'Content-Type: application/json' -d";
  return `
WeChat sandbox: ${url}
Apps: ${apps.map((known) => known.appId).join(', ')}

  export WECHAT_API_BASE_URL=${url}
  ${curl} ${url}/sandbox/wx-login ${json} '{"user":"alice"}'
  curl -s "${url}/sns/jscode2session?appid=${appId}&secret=${secret}&js_code=THE_CODE&grant_type=authorization_code"
  ${curl} ${url}/sandbox/faults ${json} '{"api":"jscode2session","kind":"errcode","errcode":-1}'
  ${curl} ${url}/sandbox/calls

All that it can do: docs/guides/sandbox.md

`;
}

try {
  await main();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
