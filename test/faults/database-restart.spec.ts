import { Agent } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { ChaosDatabase } from '../support/chaos-database.js';
import { ServerFleet } from '../support/chaos-fleet.js';
import { send } from '../support/chaos-http.js';
import { report } from '../support/chaos-random.js';
import { eventually } from '../support/eventually.js';

const CLIENTS = 20;
const SIGN_IN_LOOPS = 4;
const RESTARTS = 3;
const DOWN_MS = 700;
const BETWEEN_MS = 1500;
const RECOVERY_MS = 5000;
const LIMIT_MS = 120_000;

/** Somebody who asks the server without a pause. */
interface Asker {
  readonly name: string;
  /** When the last answer of 200 came. */
  succeededAt: number;
}

describe('a server whose database crashes and comes back', () => {
  let database: ChaosDatabase | null;
  let fleet: ServerFleet;
  const agent = new Agent({ keepAlive: true });
  const outcomes = new Map<string, number>();
  const askers: Asker[] = [];
  let stopped = false;

  beforeAll(async () => {
    database = await ChaosDatabase.create(['fsync=on']);
    if (database) fleet = await ServerFleet.start(1, database.url);
  }, LIMIT_MS);
  afterAll(async () => {
    stopped = true;
    agent.destroy();
    await fleet?.close();
    await database?.destroy();
  }, LIMIT_MS);

  const ask = async (asker: Asker, path: string, body: unknown): Promise<string | null> => {
    const url = fleet.urls[0];
    // A server that has died is found at the end; here it only must not be asked.
    if (!url) return sleep(100, null);
    const answer = await send('POST', url + path, { body, agent, withinMs: 15_000 }).catch(() => null);
    const outcome = answer ? `${asker.name} ${answer.status}` : `${asker.name} no answer`;
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    if (answer?.status !== 200) {
      await sleep(20);
      return null;
    }
    asker.succeededAt = performance.now();
    return answer.text;
  };
  const join = (name: string): Asker => {
    const asker = { name, succeededAt: -Infinity };
    askers.push(asker);
    return asker;
  };
  const signIn = async (asker: Asker, person: string) =>
    ask(asker, '/v1/auth/wechat/login', { code: fleet.mintCode(person) });

  const refreshForEver = async (person: string): Promise<void> => {
    const asker = join('refresh');
    const signedIn = await signIn(join('first sign-in'), person);
    if (!signedIn) throw new Error('a sign-in failed before anything was broken');
    let { refreshToken } = (JSON.parse(signedIn) as { tokens: { refreshToken: string } }).tokens;
    while (!stopped) {
      const text = await ask(asker, '/v1/auth/refresh', { refreshToken, nonce: `nonce-${refreshToken.slice(-12)}` });
      if (text) ({ refreshToken } = JSON.parse(text) as { refreshToken: string });
    }
  };
  const signInForEver = async (loop: number): Promise<void> => {
    const asker = join('sign-in');
    for (let person = 0; !stopped; person += 1) await signIn(asker, `new-${loop}-${person}`);
  };

  it(
    'answers 200 or 503, serves everybody within 5 s of the return, and never fails in another way',
    async () => {
      if (!database) return;
      const loops = [
        ...Array.from({ length: CLIENTS }, (_, person) => refreshForEver(`person-${person}`)),
        ...Array.from({ length: SIGN_IN_LOOPS }, (_, loop) => signInForEver(loop)),
      ];
      const looping = () => askers.filter(({ name }) => name !== 'first sign-in');
      const recoveries: number[] = [];
      await sleep(BETWEEN_MS);
      for (let restart = 0; restart < RESTARTS; restart += 1) {
        await database.crash();
        await sleep(DOWN_MS);
        await database.start();
        const since = performance.now();
        await eventually('everybody served', () => looping().every(({ succeededAt }) => succeededAt > since), {
          withinMs: RECOVERY_MS,
        });
        recoveries.push(Math.round(performance.now() - since));
        await sleep(BETWEEN_MS);
      }
      stopped = true;
      await Promise.all(loops);
      report('Database restarts', {
        ...Object.fromEntries([...outcomes].toSorted()),
        'everybody served again after (ms)': recoveries.join(', '),
      });

      expect(looping()).toHaveLength(CLIENTS + SIGN_IN_LOOPS);
      expect(fleet.deaths).toEqual([]);
      expect(fleet.alarms).toEqual([]);
      expect([...outcomes.keys()].filter((outcome) => !/ (200|503)$/.test(outcome))).toEqual([]);
      expect(outcomes.get('refresh 503')).toBeGreaterThan(0);
    },
    LIMIT_MS,
  );

  it(
    'lives on when its connections are cut in the middle of transactions',
    async () => {
      if (!database) return;
      const [deaths, alarms] = [fleet.deaths.length, fleet.alarms.length];
      await eventually('the server is there', () => fleet.liveUrls.length === 1, { withinMs: 60_000 });
      const other = new Client({ connectionString: database.url });
      await other.connect();
      // A first sign-in makes its user in one transaction; with this lock it can read, and waits when it wants to write.
      await other.query('begin; lock table identities in share row exclusive mode');
      const signIns = Array.from({ length: 4 }, (_, person) =>
        send('POST', `${fleet.liveUrls[0]}/v1/auth/wechat/login`, { body: { code: fleet.mintCode(`cut-${person}`) } })
          .then(({ status }) => status)
          .catch(() => 'no answer'),
      );
      const cutWaiting = async (): Promise<boolean> => {
        const { rowCount } = await other.query(
          `select pg_terminate_backend(pid) from pg_locks where not granted and relation = 'identities'::regclass`,
        );
        return rowCount! > 0;
      };
      await eventually('somebody cut off', cutWaiting);
      await other.query('rollback');
      await other.end();
      const answers = await Promise.all(signIns);
      expect(fleet.deaths.slice(deaths)).toEqual([]);
      expect(fleet.alarms.slice(alarms)).toEqual([]);
      expect(answers).toContain(503);
      expect(answers.filter((status) => status !== 200 && status !== 503)).toEqual([]);
    },
    LIMIT_MS,
  );
});
