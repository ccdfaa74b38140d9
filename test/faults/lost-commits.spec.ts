import { Agent } from 'node:http';
import { ChaosClient, newClientCounts, type ClientWorld } from '../support/chaos-client.js';
import { ChaosDatabase } from '../support/chaos-database.js';
import { ServerFleet } from '../support/chaos-fleet.js';
import { send } from '../support/chaos-http.js';
import { ChaosProxy, HARSH, type ChaosRates } from '../support/chaos-proxy.js';
import { CHAOS_SECONDS, Chance, eachOf, report } from '../support/chaos-random.js';
import { eventually } from '../support/eventually.js';

// Nobody waits for the disk, and the process that writes in the background sleeps for longer than a round takes.
const CARELESS = ['fsync=on', 'synchronous_commit=off', 'wal_writer_delay=10s', 'wal_writer_flush_after=1GB'];
const CLIENTS = 40;
const LEAVERS = 2;
const ROUNDS_MIN = 4;
const THINK_MS = [50, 600] as const;
const BETWEEN_CRASHES_MS = [1000, 4000] as const;
// Messages that outlive a crash: sent before it, carried out after it.
const SLOW: ChaosRates = { ...HARSH, holdMs: [20, 4000] };
const BEFORE_AND_AFTER_MS = 240_000;
const LIMIT_MS = 120_000;

describe('a database that acknowledges what it has not written yet, and crashes', () => {
  let database: ChaosDatabase | null;
  let fleet: ServerFleet;
  let proxy: ChaosProxy;
  const agent = new Agent({ keepAlive: true });
  const chance = Chance.fromEnvironment();

  beforeAll(async () => {
    database = await ChaosDatabase.create(CARELESS);
    if (!database) return;
    fleet = await ServerFleet.start(2, database.url);
    proxy = await ChaosProxy.start(chance, () => fleet.urls);
    await database.query('create table marks (made_at timestamptz primary key default clock_timestamp())');
  }, BEFORE_AND_AFTER_MS);
  afterAll(async () => {
    agent.destroy();
    await proxy?.close();
    await fleet?.close();
    await database?.destroy();
  }, BEFORE_AND_AFTER_MS);

  const worldOf = (counts = newClientCounts()): ClientWorld => {
    return { url: proxy.url, agent, chance, counts, mintCode: (person) => fleet.mintCode(person) };
  };
  const crashAndReturn = async (how: 'crash' | 'kill'): Promise<void> => {
    await database![how]();
    await chance.pause(0, 500);
    await database!.start();
  };
  const generations = async (): Promise<Map<string, number>> => {
    const rows = await database!.query<{ id: string; generation: number }>('select id, generation from sessions');
    return new Map(rows.map(({ id, generation }) => [id, generation]));
  };
  const countMarks = async (): Promise<number> => (await database!.query('select from marks')).length;
  const isRefused = async (path: string, body: unknown, token?: string): Promise<boolean> => {
    const answers = await Promise.all(
      fleet.liveUrls.map((url) => send(body ? 'POST' : 'GET', url + path, { body, token })),
    );
    return answers.every(({ status }) => status === 401);
  };

  it(
    'loses no session and brings none back that was signed out',
    async () => {
      if (!database) return;
      const counts = newClientCounts();
      const world = worldOf(counts);
      const clients = Array.from({ length: CLIENTS }, (_, person) => new ChaosClient(`person-${person}`, world));
      const staying = () => clients.filter(({ state }) => state === 'signed-in');
      await eachOf(clients, (client) => client.signIn());
      // What is lost here is refreshes; a checkpoint makes the sign-ins last.
      await database.query('checkpoint');
      proxy.rates = SLOW;

      let over = false;
      const refreshCounts = new Map<ChaosClient, number>();
      const lives = clients.map(async (client) => {
        while (!over && client.state === 'signed-in') {
          await chance.pause(...THINK_MS);
          if (client.state === 'signed-in') await client.refresh();
          refreshCounts.set(client, (refreshCounts.get(client) ?? 0) + 1);
        }
      });
      const until = performance.now() + CHAOS_SECONDS * 1000;
      const left: ChaosClient[] = [];
      const facts = { rounds: 0, 'sessions set back': 0, 'generations lost': 0, 'marks lost': 0 };
      for (; facts.rounds < ROUNDS_MIN || performance.now() < until; facts.rounds += 1) {
        await chance.pause(...BETWEEN_CRASHES_MS);
        const leavers = facts.rounds % 2 === 0 ? [] : staying().slice(0, LEAVERS);
        const before = await generations();
        if (leavers.length > 0 && left.length < CLIENTS / 2) {
          await Promise.all(leavers.map((client) => client.signOut()));
          left.push(...leavers);
          // Written after the sign-outs were acknowledged, and acknowledged itself.
          await database.query('insert into marks default values');
        }
        const marks = await countMarks();
        await crashAndReturn(facts.rounds % 4 === 2 ? 'kill' : 'crash');
        facts['marks lost'] += marks - (await countMarks());
        for (const [id, generation] of await generations()) {
          const behind = Math.max(0, before.get(id)! - generation);
          facts['sessions set back'] += Math.sign(behind);
          facts['generations lost'] += behind;
        }
        const seen = new Map(refreshCounts);
        const hasGoneOn = (client: ChaosClient) =>
          client.state !== 'signed-in' || refreshCounts.get(client)! > (seen.get(client) ?? 0);
        await eventually('everybody has refreshed', () => clients.every(hasGoneOn), { withinMs: 60_000 });
      }
      over = true;
      proxy.rates = null;
      await Promise.all(lives);
      await proxy.settle();
      await eachOf(staying(), (client) => client.refresh());
      const lost = clients.filter(({ state }) => state === 'lost');
      report(`Lost commits for ${CHAOS_SECONDS} s, CHAOS_SEED=${chance.seed}`, {
        ...facts,
        ...counts,
        'fast-forwards': fleet.events.get('session_fast_forwarded') ?? 0,
        'sessions signed out': left.length,
        'sessions lost': lost.length,
      });

      expect(lost.map(({ person, lostTo }) => `${person}: ${lostTo}`)).toEqual([]);
      expect(fleet.deaths).toEqual([]);
      expect(fleet.alarms).toEqual([]);
      expect(left.length).toBeGreaterThan(0);
      for (const { refreshToken, accessTokens } of left) {
        expect(await isRefused('/v1/auth/refresh', { refreshToken })).toBe(true);
        for (const token of accessTokens) expect(await isRefused('/v1/auth/session', undefined, token)).toBe(true);
      }
      // Commits really were lost, those that followed an acknowledged sign-out among them.
      expect(facts['sessions set back']).toBeGreaterThan(0);
      expect(facts['marks lost']).toBeGreaterThan(0);
      expect(fleet.events.get('session_fast_forwarded')).toBeGreaterThan(0);
    },
    CHAOS_SECONDS * 1000 + BEFORE_AND_AFTER_MS,
  );

  it(
    'forgives a late duplicate of a refresh that was lost',
    async () => {
      if (!database) return;
      const url = fleet.liveUrls[0]!;
      const refresh = async ({ refreshToken }: Tokens) => {
        const nonce = `nonce-${refreshToken.slice(-12)}`;
        const { status, text } = await send('POST', `${url}/v1/auth/refresh`, { body: { refreshToken, nonce } });
        return { status, ...(JSON.parse(text) as Tokens & { code?: string }) };
      };
      const tokens: Tokens[] = [await signIn(url, fleet.mintCode('duplicated'))];
      tokens.push(await refresh(tokens[0]!));
      await database.query('checkpoint');
      for (let time = 0; time < 3; time += 1) tokens.push(await refresh(tokens.at(-1)!));
      await crashAndReturn('crash');

      const newest = await refresh(tokens.at(-1)!);
      expect(newest.status).toBe(200);
      for (const old of tokens.slice(0, -1)) {
        expect(await refresh(old)).toMatchObject({ status: 409, code: 'REFRESH_SUPERSEDED' });
      }
      expect((await refresh(newest)).status).toBe(200);
    },
    LIMIT_MS,
  );

  it(
    'forgets no sign-in that was acknowledged',
    async () => {
      if (!database) return;
      proxy.rates = null;
      const client = new ChaosClient('just-signed-in', worldOf());
      await client.signIn();
      await database.query('insert into marks default values');
      const marks = await countMarks();
      await crashAndReturn('crash');
      expect(await countMarks()).toBe(marks - 1);
      await client.refresh();
      expect(client).toMatchObject({ state: 'signed-in', lostTo: null });
    },
    LIMIT_MS,
  );
});

describe('a new installation on a database that acknowledges what it has not written yet', () => {
  it(
    'forgets no key that tokens were made with',
    async () => {
      const database = await ChaosDatabase.create(CARELESS);
      if (!database) return;
      await database.query('checkpoint');
      const fleet = await ServerFleet.start(1, database.url);
      try {
        await database.crash();
        await database.start();
        await eventually('ready', async () => (await send('GET', `${fleet.liveUrls[0]}/readyz`)).status === 200);
        const tokens = await signIn(fleet.liveUrls[0]!, fleet.mintCode('first'));
        await fleet.kill(0);
        await fleet.start(0);
        const [url] = fleet.liveUrls;
        const { refreshToken, accessToken } = tokens;
        expect((await send('GET', `${url}/v1/auth/session`, { token: accessToken })).status).toBe(200);
        expect((await send('POST', `${url}/v1/auth/refresh`, { body: { refreshToken } })).status).toBe(200);
      } finally {
        await fleet.close();
        await database.destroy();
      }
    },
    BEFORE_AND_AFTER_MS,
  );
});

interface Tokens {
  readonly refreshToken: string;
  readonly accessToken: string;
}

async function signIn(url: string, code: string): Promise<Tokens> {
  const { status, text } = await send('POST', `${url}/v1/auth/wechat/login`, { body: { code } });
  expect(status).toBe(200);
  return (JSON.parse(text) as { tokens: Tokens }).tokens;
}
