import { ChaosDatabase } from '../support/chaos-database.js';
import { ServerFleet } from '../support/chaos-fleet.js';
import { CHAOS_SECONDS, Chance, report } from '../support/chaos-random.js';
import { FAULTS, runChaos } from '../support/chaos-run.js';

const CLIENTS = 200;
const SERVERS = 2;
const BEFORE_AND_AFTER_MS = 240_000;

describe('two servers, their database and the network between them and 200 clients, all failing at random', () => {
  let database: ChaosDatabase | null;
  let fleet: ServerFleet;

  beforeAll(async () => {
    database = await ChaosDatabase.create(['fsync=on']);
    if (database) fleet = await ServerFleet.start(SERVERS, database.url);
  }, BEFORE_AND_AFTER_MS);
  afterAll(async () => {
    await fleet?.close();
    await database?.destroy();
  }, BEFORE_AND_AFTER_MS);

  it(
    'lose no session, bring none back that was signed out, and add no row for a refresh',
    async () => {
      if (!database) return;
      const chance = Chance.fromEnvironment();
      const options = { service: fleet, database, chance, clients: CLIENTS, seconds: CHAOS_SECONDS };
      const { clients, lost, left, counts, network, faults } = await runChaos(options);
      const [rows] = await database.query<{ total: number; live: number }>(
        'select count(*)::int as total, count(*) filter (where revoked_at is null)::int as live from sessions',
      );
      const living = clients.filter(({ state }) => state === 'signed-in');
      report(`Chaos for ${CHAOS_SECONDS} s, CHAOS_SEED=${chance.seed}`, {
        people: clients.length,
        ...counts,
        ...network,
        ...faults,
        'server kills': fleet.kills,
        'starts without a database': fleet.failedStarts,
        'database crashes': database.crashes,
        'rows of sessions (live)': `${rows!.total} (${rows!.live})`,
        'answers by status': [...fleet.statuses].map(([status, times]) => `${status}: ${times}`).join(', '),
        'sessions lost': lost.length,
      });

      expect(lost.map(({ person, lostTo }) => `${person}: ${lostTo}`)).toEqual([]);
      expect(fleet.deaths).toEqual([]);
      expect(fleet.alarms).toEqual([]);
      // Everybody is accounted for: signed in, or out because they said so, or too late to have signed in at all.
      expect(living.length).toBeGreaterThan(0);
      expect(left.length).toBeGreaterThan(0);
      expect(clients.filter(({ state }) => state === 'leaving')).toEqual([]);
      // One row for every sign-in that reached a server, its answer lost or not, and none for a refresh.
      expect(rows!.total).toBeGreaterThanOrEqual(counts.signIns);
      expect(rows!.total).toBeLessThanOrEqual(network.signInsPassedOn);
      expect(rows!.live).toBeGreaterThanOrEqual(living.length);
      // It was bad enough to have shown something.
      expect(counts.refreshes).toBeGreaterThan(CLIENTS);
      expect(counts.recoveries).toBeGreaterThan(0);
      expect(network.responsesLost).toBeGreaterThan(0);
      expect(network.duplicated).toBeGreaterThan(0);
      expect(FAULTS.filter((fault) => faults[fault] === 0)).toEqual([]);
    },
    CHAOS_SECONDS * 1000 + BEFORE_AND_AFTER_MS,
  );
});
