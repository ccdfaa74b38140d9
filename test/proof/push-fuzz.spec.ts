import fc from 'fast-check';
import type { SignedPush } from '../../src/sandbox/push/sign-push.js';
import { APP_ONE, aboutData, deliver, push, signed } from '../support/pushes.js';
import { times } from '../support/refresh-counts.js';
import { TestServer } from '../support/test-server.js';

const EVENTS = ['user_authorization_cancellation', 'user_authorization_revoke'] as const;
const RUNS = times(600, 2000);
const AT_ONCE = 20;

const HOSTILE = [
  '<!DOCTYPE x [<!ENTITY a "b">]>',
  '<![CDATA[',
  ']]>',
  '<__proto__>',
  '"__proto__":{"secure":true},',
  '&lt;',
  '\u0000',
  '\ud800',
  '{'.repeat(200),
  '<a>'.repeat(200),
  'Encrypt',
];

type Mutation = (push: SignedPush) => SignedPush;

const onBody = (change: (body: string, at: number) => string): fc.Arbitrary<Mutation> =>
  fc.nat().map((where) => (push) => ({ ...push, body: change(push.body, where % (push.body.length + 1)) }));

const onQuery = fc
  .tuple(fc.constantFrom('msg_signature', 'timestamp', 'nonce'), fc.string({ unit: 'binary', maxLength: 50 }))
  .map(([name, value]): Mutation => (push) => ({ ...push, query: { ...push.query, [name]: `${value}x` } }));

const mutation: fc.Arbitrary<Mutation> = fc.oneof(
  fc.integer({ min: 1, max: 255 }).chain((by) => onBody((body, at) => replace(body, at, shifted(body[at] ?? 'x', by)))),
  fc.constantFrom(...HOSTILE).chain((text) => onBody((body, at) => body.slice(0, at) + text + body.slice(at))),
  fc.nat(30).chain((count) => onBody((body, at) => body.slice(0, at) + body.slice(at + count + 1))),
  fc.string({ unit: 'binary', maxLength: 200 }).map((body): Mutation => (push) => ({ ...push, body })),
  fc.json({ maxDepth: 6 }).map((body): Mutation => (push) => ({ ...push, body })),
  onQuery,
);

/** Changes a push until what is signed is not what it was: the rest of the envelope is free for anybody to change. */
function damaged(push: SignedPush, changes: readonly Mutation[]): SignedPush {
  const [encrypted] = /[A-Za-z0-9+/=]{100,}/.exec(push.body)!;
  const changed = changes.reduce((before, change) => change(before), push);
  if (changed.query !== push.query || !changed.body.includes(encrypted)) return changed;
  return {
    ...changed,
    body: changed.body.replace(encrypted, replace(encrypted, 50, encrypted[50] === 'A' ? 'B' : 'A')),
  };
}

function replace(text: string, at: number, by: string): string {
  return text.slice(0, at) + by + text.slice(at + 1);
}

function shifted(character: string, by: number): string {
  return String.fromCharCode((character.charCodeAt(0) + by) % 256);
}

describe(`${RUNS} damaged pushes of secure mode`, () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await TestServer.start({ RATE_LIMIT: 'off', LOG_LEVEL: 'silent' });
  });
  afterAll(() => server.close());

  it('are all refused and delete nothing, while one that is whole would', async () => {
    expect((await server.signIn('victim')).status).toBe(200);
    await server.sql(`update users set nickname = 'Nick'`);
    const count = async () => (await server.sql('select id from push_events')).length;
    const whole = fc.record({
      event: fc.constantFrom(...EVENTS),
      format: fc.constantFrom('json' as const, 'xml' as const),
      changes: fc.array(mutation, { minLength: 1, maxLength: 3 }),
    });
    let sent = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(whole, { minLength: AT_ONCE, maxLength: AT_ONCE }), async (batch) => {
        const answers = await Promise.all(
          batch.map(({ event, format, changes }) => {
            const push = signed(aboutData(event, 'victim', APP_ONE, { RevokeInfo: '6,8' }), { format });
            return deliver(server, damaged(push, changes));
          }),
        );
        sent += answers.length;
        expect(answers.filter(({ status }) => status !== 400 && status !== 403)).toEqual([]);
      }),
      { numRuns: RUNS / AT_ONCE },
    );
    expect(sent).toBeGreaterThanOrEqual(RUNS);
    expect(await count()).toBe(0);
    expect(await server.sql('select status, nickname from users')).toEqual([{ status: 'active', nickname: 'Nick' }]);

    expect((await push(server, aboutData(EVENTS[0], 'victim'))).status).toBe(200);
    expect(await server.sql('select status from users')).toEqual([{ status: 'erased' }]);
  }, 120_000);
});

describe('messages of any shape, well signed and well encrypted', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await TestServer.start({ RATE_LIMIT: 'off', LOG_LEVEL: 'silent' });
  });
  afterAll(() => server.close());

  it('are taken or refused, and never a fault of the server', async () => {
    expect((await server.signIn('victim')).status).toBe(200);
    const value = fc.oneof(fc.string({ unit: 'binary', maxLength: 40 }), fc.integer(), fc.constantFrom(...HOSTILE));
    const name = fc.oneof(
      fc.constantFrom('Event', ' Event', 'CreateTime', 'OpenID', 'AppID', 'MsgType', 'RevokeInfo', 'FromUserName'),
      fc.string({ maxLength: 12 }),
    );
    const message = fc.dictionary(name, value, { maxKeys: 8 });
    const seen = new Set<number>();
    await fc.assert(
      fc.asyncProperty(fc.array(message, { minLength: AT_ONCE, maxLength: AT_ONCE }), async (batch) => {
        const answers = await Promise.all(
          batch.flatMap((fields) => [
            push(server, { Event: 'wxa_some_event', CreateTime: 1, ...fields }),
            push(server, { Event: 'user_authorization_revoke', CreateTime: 1, ...fields }, { format: 'xml' }),
          ]),
        );
        answers.forEach(({ status }) => seen.add(status));
        expect(answers.filter(({ status }) => status !== 200 && status !== 400)).toEqual([]);
      }),
      { numRuns: 25 },
    );
    expect([...seen].toSorted()).toEqual([200, 400]);
    expect(await server.sql('select status from users')).toEqual([{ status: 'active' }]);
  }, 120_000);
});
