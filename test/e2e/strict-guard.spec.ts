import type { DataSource } from 'typeorm';
import { countStatements, type CountedStatements } from '../support/counted-statements.js';
import { expectProblem } from '../support/problems.js';
import { startProbe } from '../support/signing-probe.js';
import type { TestServer } from '../support/test-server.js';

const NORMAL = '/v1/business/bearer';
const STRICT = '/v1/business/strict';
const REQUESTS = 20;

describe('a route that is @Strict()', () => {
  let server: TestServer;
  let dataSource: DataSource;
  let counted: CountedStatements;
  beforeAll(async () => {
    ({ server, dataSource } = await startProbe('in the server'));
    counted = countStatements(dataSource);
  });
  afterAll(async () => {
    counted.stop();
    await server.close();
  });

  async function signIn(user: string) {
    const { body } = await server.signIn(user);
    const token = body.tokens.accessToken as string;
    const { sessionId } = (await server.get('/v1/auth/session', { token })).body;
    expect((await server.get(NORMAL, { token })).status).toBe(200);
    expect((await server.get(STRICT, { token })).status).toBe(200);
    return { token, sessionId: sessionId as string, userId: body.user.id as string };
  }

  it.each([
    ['signed_out', 'SESSION_REVOKED'],
    ['reused', 'SESSION_EXPIRED'],
    ['replaced', 'SESSION_EXPIRED'],
    ['evicted', 'SESSION_EXPIRED'],
    ['disabled', 'USER_DISABLED'],
  ] as const)('sees at once, without the feed, that a session was ended: %s', async (reason, code) => {
    const { token, sessionId } = await signIn(`ended ${reason}`);
    await server.sql('update sessions set revoked_at = now(), revoke_reason = $2 where id = $1', [sessionId, reason]);
    expectProblem(await server.get(STRICT, { token }), code);
    // Nobody has told the others: this is what a strict route is for.
    expect((await server.get(NORMAL, { token })).status).toBe(200);
  });

  it.each([
    ['disabled', 'USER_DISABLED'],
    ['erased', 'SESSION_REVOKED'],
  ] as const)('refuses the token of a user who is %s', async (status, code) => {
    const { token, userId } = await signIn(`user ${status}`);
    await server.sql('update users set status = $2 where id = $1', [userId, status]);
    expectProblem(await server.get(STRICT, { token }), code);
    expect((await server.get(NORMAL, { token })).status).toBe(200);
    await server.sql(`update users set status = 'active' where id = $1`, [userId]);
    expect((await server.get(STRICT, { token })).status).toBe(200);
  });

  it('refuses the token of a session that has expired, or is gone', async () => {
    const { token, sessionId } = await signIn('away');
    await server.sql(`update sessions set idle_expires_at = now() - interval '1 second' where id = $1`, [sessionId]);
    expectProblem(await server.get(STRICT, { token }), 'SESSION_EXPIRED');
    await server.sql('delete from sessions where id = $1', [sessionId]);
    expectProblem(await server.get(STRICT, { token }), 'SESSION_EXPIRED');
    expect((await server.get(NORMAL, { token })).status).toBe(200);
  });

  it('refuses a session that the feed has named, without asking again', async () => {
    const { token } = await signIn('leaving');
    await server.post('/v1/auth/logout', {}, { token });
    expect(await statementsOf(STRICT, token, 401)).toEqual([]);
  });

  it('costs one query a request, and a normal route none', async () => {
    const { token } = await signIn('counted');
    expect(await statementsOf(STRICT, token, 200)).toHaveLength(REQUESTS);
    expect(await statementsOf(NORMAL, token, 200)).toEqual([]);
  });

  /** What was asked of the database meanwhile, but for the server's own poll of the feed. */
  async function statementsOf(path: string, token: string, status: number): Promise<string[]> {
    const sent = await counted.during(async () => {
      for (let request = 0; request < REQUESTS; request += 1) {
        expect((await server.get(path, { token })).status).toBe(status);
      }
    });
    return sent.filter((text) => !text.includes('from revocations'));
  }
});
