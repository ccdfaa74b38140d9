import { Chance, eachOf, report } from '../support/chaos-random.js';
import { liveOn, type DeviceStory } from '../support/lossy-devices.js';
import { PROOF_TIMEOUT_MS, times } from '../support/refresh-counts.js';
import { RefreshStage } from '../support/refresh-stage.js';
import { rotateBy } from '../support/refresh-variants.js';
import type { TestApp } from '../support/test-app.js';
import { describeOnPostgres } from '../support/test-database.js';

const DEVICES = times(40, 1000);
const AT_ONCE = 20;
const SEED = 20_260_101;

// Every message goes over HTTP to the whole server, and every answer comes from a real row.
describeOnPostgres('devices on a network that loses, delays, doubles and reorders, and in the background', () => {
  let stage: RefreshStage;
  let server: TestApp;

  beforeAll(async () => {
    stage = await RefreshStage.set();
    server = await stage.startApp();
  });
  afterAll(() => stage.close());

  async function live(target: TestApp, devices: number, prefix: string): Promise<DeviceStory[]> {
    const world = {
      url: target.url,
      wechat: stage.wechat,
      letPass: (sessionId: string, seconds: number) => stage.http.letPass(sessionId, seconds),
      signOut: async (sessionId: string) => {
        await stage.http.sql(`update sessions set revoked_at = now(), revoke_reason = 'signed_out' where id = $1`, [
          sessionId,
        ]);
      },
    };
    const stories: DeviceStory[] = [];
    const users = Array.from({ length: devices }, (_device, index) => `${prefix}-${index}`);
    const liveOne = async (user: string, index: number): Promise<void> => {
      const chance = new Chance(SEED + index);
      stories[index] = await liveOn(world, user, () => chance.next());
    };
    await eachOf(users, liveOne, { atOnce: AT_ONCE });
    return stories;
  }

  it(
    'show a login page only where the server has ended the session, and never sign in again otherwise',
    async () => {
      const stories = await live(server, DEVICES, 'device');
      const ended = stories.filter(({ wasSignedOut }) => wasSignedOut);
      const others = stories.filter(({ wasSignedOut }) => !wasSignedOut);
      report(`${DEVICES} devices, seed ${SEED}`, {
        'signed out by the server': ended.length,
        'shown the login page': stories.filter(({ sawLoginPage }) => sawLoginPage).length,
        'sessions lost': others.filter(({ works }) => !works).length,
      });
      expect(ended.length).toBeGreaterThan(0);
      expect(ended).toEqual(
        ended.map(() => ({ sawLoginPage: true, wasSignedOut: true, signInsLater: 0, works: false })),
      );
      expect(others).toEqual(
        others.map(() => ({ sawLoginPage: false, wasSignedOut: false, signInsLater: 0, works: true })),
      );
    },
    PROOF_TIMEOUT_MS,
  );

  it(
    'lose sessions where a token works once only, so this network is bad enough',
    async () => {
      const strict = await stage.startApp();
      rotateBy('strict', strict.app);
      const stories = await live(strict, 40, 'strict');
      const lost = stories.filter(({ signInsLater }) => signInsLater > 0).length;
      report('40 devices and strict rotation', { 'sessions lost': lost });
      expect(lost).toBeGreaterThan(5);
    },
    PROOF_TIMEOUT_MS,
  );
});
