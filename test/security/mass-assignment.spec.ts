import { dumpAccounts } from '../support/accounts-dump.js';
import { HostileCast, byTitle, encodeBody, formOperations, jsonOperations } from '../support/hostile-cast.js';
import { titleOf, type Operation } from '../support/openapi.js';
import { expectProblem } from '../support/problems.js';
import type { Answer } from '../support/test-server.js';

/** What somebody would like to decide about an account, and what would be taken for code. */
const COVETED: Readonly<Record<string, unknown>> = {
  id: '018f0000-0000-7000-8000-000000000000',
  userId: '018f0000-0000-7000-8000-000000000000',
  roles: ['admin'],
  role: 'admin',
  status: 'active',
  openid: 'oAnybody',
  unionid: 'oAnybody',
  phone: '+8613900139000',
  verified: true,
  phoneVerified: true,
  isAdmin: true,
  mergedInto: '018f0000-0000-7000-8000-000000000000',
  sessionId: '018f0000-0000-7000-8000-000000000000',
  amr: ['pwd', 'otp'],
  createdAt: '2020-01-01T00:00:00.000Z',
  ['__proto__']: { roles: ['admin'] },
  constructor: { prototype: { roles: ['admin'] } },
  prototype: { roles: ['admin'] },
};

let cast: HostileCast;
beforeAll(async () => {
  cast = await HostileCast.start();
});
afterAll(() => cast.close());

const call = (operation: Operation, fields: Record<string, unknown>): Promise<Answer> =>
  cast.send(operation, cast.path(operation), cast.credentialFor(operation), encodeBody(operation, fields));

/** The body with one more field, also where its name would mean something to an object literal. */
const withField = (body: object, name: string, value: unknown): Record<string, unknown> =>
  Object.fromEntries([...Object.entries(body), [name, value]]);

/** An operation refuses every field that it did not ask for, and nothing happens. */
async function expectNoneTaken(operation: Operation, embed: (extra: [string, unknown]) => Record<string, unknown>) {
  const before = await dumpAccounts(cast.server);
  for (const extra of Object.entries(COVETED)) {
    const answer = await call(operation, embed(extra));
    expect([extra[0], answer.status, answer.body.code]).toEqual([extra[0], 400, 'VALIDATION_FAILED']);
    expectProblem(answer, 'VALIDATION_FAILED');
  }
  expect(await dumpAccounts(cast.server)).toEqual(before);
}

describe('fields that a caller adds to a good body', () => {
  it('are refused by every route that takes JSON, and change nothing', async () => {
    const operations = jsonOperations(cast.api);
    expect(operations.length).toBeGreaterThan(10);
    for (const operation of operations) {
      const { properties = {} } = cast.api.resolve(operation.body!.schema);
      const body = cast.body(operation);
      await expectNoneTaken(operation, ([name, value]) =>
        // A field of this name that the route does ask for gets a value of another kind.
        Object.hasOwn(properties, name) ? { ...body, [name]: { is: value } } : withField(body, name, value),
      );
    }
  });

  it('are refused within the objects of a body too', async () => {
    let objects = 0;
    for (const operation of jsonOperations(cast.api)) {
      const { properties = {} } = cast.api.resolve(operation.body!.schema);
      for (const [field, schema] of Object.entries(properties)) {
        const inner = cast.api.resolve(schema);
        if (inner.type !== 'object') continue;
        objects += 1;
        const body = cast.body(operation);
        const good = cast.value(operation, field, schema) as object;
        await expectNoneTaken(operation, ([name, value]) => {
          const wanted = Object.hasOwn(inner.properties ?? {}, name);
          return { ...body, [field]: withField(good, name, wanted ? { is: value } : value) };
        });
      }
    }
    expect(objects).toBeGreaterThan(3);
  });

  it('are ignored by the OAuth endpoints, as RFC 6749 wants it, and change nothing', async () => {
    const operations = formOperations(cast.api);
    expect(operations.length).toBe(3);
    for (const [title, operation] of byTitle(operations)) {
      const unknown = { ...cast.body(operation), token: 'unknown', refresh_token: 'unknown' };
      const without = await call(operation, unknown);
      const before = await dumpAccounts(cast.server);
      for (const [name, value] of Object.entries(COVETED)) {
        const { status, body } = await call(operation, withField(unknown, name, value));
        expect([title, name, status, body]).toEqual([title, name, without.status, without.body]);
      }
      expect(await dumpAccounts(cast.server)).toEqual(before);
    }
  });

  // Proves that it was the field that was refused: the last test, because these bodies do what they say.
  it('are the only thing that was wrong with those bodies', async () => {
    const refused: string[] = [];
    for (const operation of jsonOperations(cast.api)) {
      await cast.gatherTickets(1);
      const { body } = await call(operation, cast.body(operation));
      if (body.code === 'VALIDATION_FAILED') refused.push(`${titleOf(operation)}: ${body.detail}`);
    }
    expect(refused).toEqual([]);
  });
});
