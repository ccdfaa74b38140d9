import { ChaosDatabase } from '../support/chaos-database.js';
import { CHAOS_SECONDS, Chance, report } from '../support/chaos-random.js';
import { runChaos } from '../support/chaos-run.js';
import { StrictService } from '../support/chaos-strict-service.js';

const CLIENTS = 100;
const SECONDS = Math.min(CHAOS_SECONDS, 10);
const BEFORE_AND_AFTER_MS = 180_000;

describe('the same chaos around servers whose refresh tokens work once', () => {
  let database: ChaosDatabase | null;
  let service: StrictService;

  beforeAll(async () => {
    database = await ChaosDatabase.create(['fsync=on']);
    if (database) service = await StrictService.start(2, database);
  }, BEFORE_AND_AFTER_MS);
  afterAll(async () => {
    await service?.close();
    await database?.destroy();
  }, BEFORE_AND_AFTER_MS);

  it(
    'loses sessions, so a run that loses none says something',
    async () => {
      if (!database) return;
      const chance = Chance.fromEnvironment();
      const outcome = await runChaos({ service, database, chance, clients: CLIENTS, seconds: SECONDS });
      const { lost, counts, network, clients } = outcome;
      report(`Strict rotation for ${SECONDS} s, CHAOS_SEED=${chance.seed}`, {
        people: clients.length,
        ...counts,
        responsesLost: network.responsesLost,
        'sessions lost': lost.length,
      });
      expect(counts.refreshes).toBeGreaterThan(CLIENTS);
      expect(lost.length).toBeGreaterThan(0);
      expect(lost.map(({ lostTo }) => lostTo)).toContainEqual(expect.stringMatching(/^401 /));
    },
    SECONDS * 1000 + BEFORE_AND_AFTER_MS,
  );
});
