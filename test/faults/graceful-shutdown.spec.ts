import { Agent } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { ChaosDatabase } from '../support/chaos-database.js';
import { ServerFleet } from '../support/chaos-fleet.js';
import { send } from '../support/chaos-http.js';
import { report } from '../support/chaos-random.js';
import { eventually } from '../support/eventually.js';

const REFRESHERS = 20;
const READERS = 10;
const SLOW_SIGN_INS = 10;
const WECHAT_MS = 1500;
const LOAD_MS = 1500;
const SHUTDOWN_MS = 10_000;
const LIMIT_MS = 120_000;

/** A request of somebody who is not told about the shutdown. */
interface Sent {
  readonly what: string;
  /** When its last byte had left; null before. */
  sentAt: number | null;
  outcome: number | 'no answer' | null;
  endedAt: number | null;
}

describe('SIGTERM to a server under load', () => {
  let database: ChaosDatabase | null;
  let fleet: ServerFleet;
  const agent = new Agent({ keepAlive: true });

  beforeAll(async () => {
    database = await ChaosDatabase.create(['fsync=on']);
    if (database) fleet = await ServerFleet.start(1, database.url);
  }, LIMIT_MS);
  afterAll(async () => {
    agent.destroy();
    await fleet?.close();
    await database?.destroy();
  }, LIMIT_MS);

  it(
    'answers every request that was sent before it, then ends with code 0 within 10 s',
    async () => {
      if (!database) return;
      const url = fleet.liveUrls[0]!;
      const all: Sent[] = [];
      let stopped = false;
      const ask = async (what: string, method: string, path: string, body?: unknown, token?: string) => {
        const sent: Sent = { what, sentAt: null, outcome: null, endedAt: null };
        all.push(sent);
        const onSent = () => (sent.sentAt = performance.now());
        const answer = await send(method, url + path, { body, token, agent, withinMs: 15_000, onSent }).catch(
          () => null,
        );
        sent.outcome = answer?.status ?? 'no answer';
        sent.endedAt = performance.now();
        return answer?.status === 200 ? (JSON.parse(answer.text) as Tokens & { tokens: Tokens }) : null;
      };
      const signIn = async (person: string, what = 'sign-in') =>
        (await ask(what, 'POST', '/v1/auth/wechat/login', { code: fleet.mintCode(person) }))?.tokens;
      const refreshForEver = async (person: string): Promise<void> => {
        let tokens: Tokens | null | undefined = await signIn(person);
        while (tokens && !stopped) {
          tokens = await ask('refresh', 'POST', '/v1/auth/refresh', { refreshToken: tokens.refreshToken });
        }
      };
      const readForEver = async (person: string): Promise<void> => {
        const tokens = await signIn(person);
        const read = () => ask('read', 'GET', '/v1/users/me', undefined, tokens!.accessToken);
        while (!stopped && (await read()));
      };

      const loops = [
        ...Array.from({ length: REFRESHERS }, (_, person) => refreshForEver(`refresher-${person}`)),
        ...Array.from({ length: READERS }, (_, person) => readForEver(`reader-${person}`)),
      ];
      await sleep(LOAD_MS);
      const { sandbox } = fleet.wechat;
      sandbox.fail({ api: 'jscode2session', kind: 'delay', ms: WECHAT_MS, times: SLOW_SIGN_INS });
      const slow = Array.from({ length: SLOW_SIGN_INS }, (_, person) => signIn(`slow-${person}`, 'slow sign-in'));
      await eventually('WeChat asked for all', () => sandbox.faultsInForce().length === 0);

      const signalledAt = performance.now();
      const exit = await fleet.stop(0);
      stopped = true;
      await Promise.all([...loops, ...slow]);

      const sentBefore = all.filter(({ sentAt }) => sentAt !== null && sentAt < signalledAt);
      const inFlight = sentBefore.filter(({ endedAt }) => endedAt! >= signalledAt);
      const slowOnes = inFlight.filter(({ what }) => what === 'slow sign-in');
      report('Shutdown', {
        'sent before the signal': sentBefore.length,
        'in flight at the signal (slow)': `${inFlight.length} (${slowOnes.length})`,
        'told to come back later': all.filter(({ outcome }) => outcome === 503).length,
        'not answered, sent after the signal': all.filter(({ outcome }) => outcome === 'no answer').length,
        'exit after (ms)': Math.round(exit.ms),
      });
      expect(slowOnes).toHaveLength(SLOW_SIGN_INS);
      expect(sentBefore.filter(({ outcome }) => outcome !== 200)).toEqual([]);
      expect(exit).toMatchObject({ code: 0, signal: null });
      expect(exit.ms).toBeLessThan(SHUTDOWN_MS);
    },
    LIMIT_MS,
  );
});

interface Tokens {
  readonly accessToken: string;
  readonly refreshToken: string;
}
