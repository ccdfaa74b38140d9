import { withClockAheadBy } from '../support/native/clock.mjs';
import { expectProblem } from '../support/problems.js';
import { Forge } from '../support/signing-forge.js';
import { TestServer } from '../support/test-server.js';

const SESSION = '/v1/auth/session';
const TTL_SECONDS = 60;
const now = () => Math.floor(Date.now() / 1000);

/** An operator shortens the life of access tokens. What was issued before says two hours, and must not get them. */
describe('a server whose access tokens live a minute', () => {
  let server: TestServer;
  let forge: Forge;
  beforeAll(async () => {
    server = await TestServer.start({ ACCESS_TOKEN_TTL_SECONDS: String(TTL_SECONDS), RATE_LIMIT: 'off' });
    forge = await Forge.at(server);
  });
  afterAll(() => server.close());

  const twoHours = (issuedAt: number) => forge.token({ iat: issuedAt, exp: issuedAt + 7200 });
  const get = (token: string) => server.get(SESSION, { token });

  it('accepts a token that was made for two hours, in its first minute', async () => {
    expect((await get(twoHours(now()))).status).toBe(200);
    expect((await get(twoHours(now() - TTL_SECONDS + 5))).status).toBe(200);
  });

  it('refuses it after its first minute, whether or not it has seen it before', async () => {
    const token = twoHours(now());
    const unseen = twoHours(now());
    expect((await get(token)).status).toBe(200);
    await withClockAheadBy((TTL_SECONDS + 1) * 1000, async () => {
      expectProblem(await get(unseen), 'ACCESS_TOKEN_EXPIRED');
      // A session that was signed out is remembered for a minute, too: this is what keeps it out after that.
      expectProblem(await get(token), 'ACCESS_TOKEN_EXPIRED');
    });
  });

  it('tells its holder how long it is really good', async () => {
    const { body } = await get(twoHours(now()));
    expect(Date.parse(body.expiresAt as string) - Date.parse(body.issuedAt as string)).toBe(TTL_SECONDS * 1000);
  });
});
