import { expectProblem } from './problems.js';
import { PrivateRedis } from './private-redis.js';
import { describeOnPostgres } from './test-database.js';
import type { Answer, TestServer } from './test-server.js';

const LOGIN = '/v1/auth/wechat/login';

/** What a server counts with, behind one proxy that names the address. */
export const ON = { RATE_LIMIT: 'on', TRUST_PROXY: '1' };

/** `describe` for what needs a real PostgreSQL and a real Redis. */
export const describeWithRedis = PrivateRedis.isInstalled
  ? describeOnPostgres
  : (name: string, tests: () => void) => describe.skip(`${name} (skipped: no Redis on this machine)`, tests);

let addresses = 0;
/** An address that nobody has used before. */
export const newAddress = (): string => `198.51.${Math.floor((addresses += 1) / 250)}.${addresses % 250}`;
const from = (address: string) => ({ headers: { 'x-forwarded-for': address } });

/** Tries codes that nobody made; answers the statuses. */
export async function guess(server: TestServer, times: number, address: string | (() => string)): Promise<number[]> {
  const statuses: number[] = [];
  for (let n = 0; n < times; n += 1) {
    const header = typeof address === 'string' ? address : address();
    statuses.push((await server.post(LOGIN, { code: `guess-${n}` }, from(header))).status);
  }
  return statuses;
}

/** Signs somebody in from an address. */
export async function signInFrom(
  server: TestServer,
  user: string,
  address: string,
  more: object = {},
): Promise<Answer> {
  const { code } = server.wechat.wxLogin(user);
  return server.post(LOGIN, { code, ...more }, from(address));
}

/** Expects a refusal for so many seconds at most. */
export function expectRetryWithin(answer: Answer, seconds: number): void {
  expectProblem(answer, 'RATE_LIMITED');
  expect(Number(answer.headers.get('retry-after'))).toBeLessThanOrEqual(seconds);
}
