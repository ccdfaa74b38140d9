// Walks the whole story of a sign-in and prints every request and answer.
// Talks to the server at DEMO_URL, or starts one of its own (embedded database in memory's place: a temporary folder).
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const MAIN = new URL('../dist/main.js', import.meta.url).pathname;
const START_MS = 30_000;

const shorten = (key, value) => (typeof value === 'string' && value.length > 60 ? `${value.slice(0, 40)}…` : value);

async function call(url, title, method, path, { token, body } = {}) {
  const headers = {
    ...(token ? { authorization: `Bearer ${token}` } : {}),
    ...(body ? { 'content-type': 'application/json' } : {}),
  };
  const response = await fetch(url + path, { method, headers, ...(body ? { body: JSON.stringify(body) } : {}) });
  const text = await response.text();
  const answer = text ? JSON.parse(text) : null;
  console.log(`\n# ${title}`);
  console.log(`> ${method} ${path}${token ? `   Authorization: Bearer ${token.slice(0, 16)}…` : ''}`);
  if (body) console.log(`> ${JSON.stringify(body, shorten)}`);
  console.log(`< ${response.status}`);
  if (answer) console.log(`< ${JSON.stringify(answer, shorten, 2).replaceAll('\n', '\n< ')}`);
  return { status: response.status, body: answer };
}

function expect(answer, status) {
  if (answer.status !== status) throw new Error(`expected ${status}, got ${answer.status}`);
  return answer.body;
}

async function story(url) {
  const step = (...args) => call(url, ...args);
  const { code } = expect(
    await step('The phone: wx.login gives a code (the sandbox plays WeChat)', 'POST', '/sandbox/wx-login', {
      body: { user: 'demo' },
    }),
    200,
  );
  const login = await step('Sign in with the code', 'POST', '/v1/auth/wechat/login', {
    body: { code, device: { id: 'demo-device-1', name: 'Demo phone', platform: 'demo' } },
  });
  const { tokens } = expect(login, 200);
  expect(await step('Who am I, from the token alone', 'GET', '/v1/auth/session', { token: tokens.accessToken }), 200);
  expect(await step('My account', 'GET', '/v1/users/me', { token: tokens.accessToken }), 200);
  expect(await step('A wrong token is refused', 'GET', '/v1/users/me', { token: `${tokens.accessToken}x` }), 401);
  const refreshed = await step('Refresh', 'POST', '/v1/auth/refresh', { body: { refreshToken: tokens.refreshToken } });
  const next = expect(refreshed, 200);
  expect(
    await step('The answer was lost: the same request again gives the same refresh token', 'POST', '/v1/auth/refresh', {
      body: { refreshToken: tokens.refreshToken },
    }),
    200,
  );
  expect(await step('My devices', 'GET', '/v1/auth/sessions', { token: next.accessToken }), 200);
  expect(await step('Sign out', 'POST', '/v1/auth/logout', { body: { refreshToken: next.refreshToken } }), 204);
  expect(await step('Refused: signed out means signed out', 'GET', '/v1/users/me', { token: next.accessToken }), 401);
  expect(
    await step('The refresh token too', 'POST', '/v1/auth/refresh', { body: { refreshToken: next.refreshToken } }),
    401,
  );
}

async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function startServer() {
  const folder = mkdtempSync(join(tmpdir(), 'wechat-passport-demo-'));
  const port = await freePort();
  const environment = { PATH: process.env.PATH, PORT: String(port), LOG_LEVEL: 'warn' };
  const server = spawn(process.execPath, [MAIN], {
    cwd: folder,
    env: environment,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const stop = async () => {
    if (server.exitCode === null) {
      const exited = new Promise((resolve) => server.once('exit', resolve));
      server.kill('SIGTERM');
      await exited;
    }
    rmSync(folder, { recursive: true, force: true });
  };
  const url = `http://127.0.0.1:${port}`;
  for (const deadline = Date.now() + START_MS; ;) {
    if (
      await fetch(`${url}/readyz`).then(
        (answer) => answer.ok,
        () => false,
      )
    )
      return { url, stop };
    if (server.exitCode !== null || Date.now() > deadline) {
      await stop();
      throw new Error('the server did not start');
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

const running = process.env.DEMO_URL ? { url: process.env.DEMO_URL, stop: async () => {} } : await startServer();
try {
  await story(running.url);
  console.log('\nThe whole story worked.');
} catch (error) {
  console.error(`\nThe demo stopped: ${error.message}`);
  process.exitCode = 1;
} finally {
  await running.stop();
}
