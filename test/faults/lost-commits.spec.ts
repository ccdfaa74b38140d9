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
const BETWEEN_CRASHES_MS = [1000, 2500] as const;
const REFUSED_WITHIN_MS = 3000;
const BEFORE_AND_AFTER_MS = 240_000;

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
      await eachOf(clients, (client) => client.signIn());
      // What is lost here is refreshes; a checkpoint makes the sign-ins last.
      await database.query('checkpoint');
      proxy.rates = HARSH;

      let over = false;
      const refreshCounts = new Map<ChaosClient, number>();
      const lives = clients.map(async (client) => {
        while (!over && client.state === 'signed-in') {
          await chance.pause(...THINK_MS);
          if (client.state === 'signed-in') await client.refresh();
          refreshCounts.set(client, (refreshCounts.get(client) ?? 0) + 1);
        }
      });
      const generations = async (): Promise<Map<string, number>> => {
        const rows = await database!.query<{ id: string; generation: number }>('select id, generation from sessions');
        return new Map(rows.map(({ id, generation }) => [id, generation]));
      };

      const until = performance.now() + CHAOS_SECONDS * 1000;
      const left: ChaosClient[] = [];
      const facts = { rounds: 0, 'sessions set back': 0, 'generations lost': 0, 'marks lost': 0 };
      for (; facts.rounds < ROUNDS_MIN || performance.now() < until; facts.rounds += 1) {
        await chance.pause(...BETWEEN_CRASHES_MS);
        const leavers =
          facts.rounds % 2 === 0 ? [] : clients.filter(({ state }) => state === 'signed-in').slice(0, LEAVERS);
        const before = await generations();
        if (leavers.length > 0 && left.length < CLIENTS / 2) {
          await Promise.all(leavers.map((client) => client.signOut()));
          left.push(...leavers);
          // Written after the sign-outs were acknowledged and acknowledged itself.
          await database.query('insert into marks default values');
        }
        const [marked] = await database.query<{ count: number }>('select count(*)::int as count from marks');
        await crashAndReturn(facts.rounds % 4 === 2 ? 'kill' : 'crash');
        const [kept] = await database.query<{ count: number }>('select count(*)::int as count from marks');
        facts['marks lost'] += marked!.count - kept!.count;
        for (const [id, generation] of await generations()) {
          const behind = before.get(id)! - generation;
          if (behind > 0) facts['sessions set back'] += 1;
          facts['generations lost'] += Math.max(0, behind);
        }
        const seen = new Map(refreshCounts);
        await eventually(
          'everybody has refreshed',
          () =>
            clients.every(
              (client) => client.state !== 'signed-in' || refreshCounts.get(client)! > (seen.get(client) ?? 0),
            ),
          { withinMs: 60_000 },
        );
      }
      over = true;
      proxy.rates = null;
      await Promise.all(lives);
      await proxy.settle();
      await eachOf(
        clients.filter(({ state }) => state === 'signed-in'),
        async (client) => client.refresh(),
      );
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
});
