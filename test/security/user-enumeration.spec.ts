import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { SANDBOX_APPS } from '../../src/config/sandbox-apps.js';
import { countStatements, type CountedStatements } from '../support/counted-statements.js';
import { personWithPassword } from '../support/password-person.js';
import { SMS_TO_OUTBOX, lastCodeTo } from '../support/sms-outbox.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { describeOnPostgres } from '../support/test-database.js';
import type { Answer, TestServer } from '../support/test-server.js';

const [APP, OTHER_APP] = SANDBOX_APPS.map(({ appId }) => appId) as [string, string];
const SECRET = 'the secret of the back end';
const CLIENTS = [{ clientId: 'shop', secretHash: sha256(SECRET), appIds: [APP] }];
const BASIC = `Basic ${Buffer.from(`shop:${encodeURIComponent(SECRET)}`).toString('base64')}`;
const FORM = 'application/x-www-form-urlencoded';

const ROUNDS = 25;
// A hash, a message or a call of WeChat that only one side pays for costs more than this; a busy machine costs less.
const TIME_TOLERANCE_MS = 15;
const TIME_TOLERANCE = 0.5;

const KNOWN_NUMBER = '+8613800000001';
const UNKNOWN_NUMBER = '+8613800000002';

/** A question that must not be answered: the same request about somebody we know, and about nobody. */
interface Question {
  readonly name: string;
  /** Makes it possible to ask once more. */
  readonly prepare?: () => Promise<unknown>;
  readonly ask: (isKnown: boolean) => Promise<Answer>;
}

describeOnPostgres('whoever asks about somebody', () => {
  let server: TestApp;
  let statements: CountedStatements;
  let questions: Question[];

  const request = async (method: string, path: string, rawBody: string, headers: Record<string, string>) => {
    const response = await fetch(server.url + path, { method, headers, body: rawBody === '' ? null : rawBody });
    const text = await response.text();
    const body: unknown = text.startsWith('{') ? JSON.parse(text) : text;
    return { status: response.status, headers: response.headers, body };
  };
  const post = (path: string, body: object): Promise<Answer> =>
    request('POST', path, JSON.stringify(body), { 'content-type': 'application/json' });
  const signIn = (user: string, extra: object = {}, appId = APP) =>
    post('/v1/auth/wechat/login', { code: server.wechat.wxLogin(user, appId).code, ...extra });
  const ticketOf = async (user: string) => (await signIn(user, { createUser: false })).body.ticket as string;
  const sql = (text: string) => server.dataSource.query<unknown>(text);
  const forgetCodes = () => sql('delete from otp_challenges');

  beforeAll(async () => {
    server = await startTestApp({ OAUTH_CLIENTS: JSON.stringify(CLIENTS), ...SMS_TO_OUTBOX }, { postgres: true });
    statements = countStatements(server.dataSource);
    questions = await prepareQuestions();
  });
  afterAll(async () => {
    statements.stop();
    await server.close();
  });

  async function prepareQuestions(): Promise<Question[]> {
    await post('/v1/auth/sms/code', { phone: KNOWN_NUMBER });
    await post('/v1/auth/sms/login', { phone: KNOWN_NUMBER, code: lastCodeTo(KNOWN_NUMBER) });
    const asServer = {
      wechat: server.wechat,
      signIn,
      request: (method: string, path: string, { body, token }: { body?: object; token?: string }) =>
        request(method, path, JSON.stringify(body), {
          'content-type': 'application/json',
          authorization: `Bearer ${token}`,
        }),
    } as unknown as TestServer;
    const { username } = await personWithPassword(asServer, 'alice');
    const known = (await signIn('alice')).body;
    const stranger = (await signIn('mallory')).body;
    // Of a live session, but for the last characters of what authenticates it.
    const forged = `${(known.tokens.refreshToken as string).slice(0, -6)}AAAAAA`;
    const nobodys = randomBytes(forged.length).toString('base64url').slice(0, forged.length);
    const sessionId = (
      await server.dataSource.query<{ id: string }[]>('select id from sessions where user_id = $1', [known.user.id])
    )[0]!.id;
    const phoneOf = (isKnown: boolean) => (isKnown ? KNOWN_NUMBER : UNKNOWN_NUMBER);
    const tokenOf = (isKnown: boolean) => (isKnown ? forged : nobodys);
    const usernameOf = (isKnown: boolean) => (isKnown ? username : 'nobody.at.all');
    const form = (path: string, fields: Record<string, string>) =>
      request('POST', path, new URLSearchParams(fields).toString(), { 'content-type': FORM, authorization: BASIC });
    const spent = await ticketOf('peggy');
    const press = () => server.wechat.phones.pressPhoneButton('peggy').code;
    await post('/v1/auth/wechat/register', { ticket: spent, phoneCode: press() });
    const sendBoth = async () => {
      await forgetCodes();
      for (const isKnown of [true, false]) await post('/v1/auth/sms/code', { phone: phoneOf(isKnown) });
    };
    const wrongCode = (isKnown: boolean) => String((Number(lastCodeTo(phoneOf(isKnown))) + 1) % 1e6).padStart(6, '0');
    const foreign = (await signIn('oscar', { appId: OTHER_APP }, OTHER_APP)).body;
    let overtaken = '';
    let open = '';
    const newTickets = async () => {
      const user = `overtaken-${randomUUID()}`;
      [overtaken, open] = [await ticketOf(user), await ticketOf(`open-${randomUUID()}`)];
      await signIn(user);
    };

    return [
      {
        name: 'sms/code, for a number that has an account',
        prepare: forgetCodes,
        ask: (isKnown) => post('/v1/auth/sms/code', { phone: phoneOf(isKnown) }),
      },
      {
        name: 'sms/login, with a wrong code',
        prepare: sendBoth,
        ask: (isKnown) => post('/v1/auth/sms/login', { phone: phoneOf(isKnown), code: wrongCode(isKnown) }),
      },
      {
        name: 'sms/login, without a code ever sent',
        prepare: forgetCodes,
        ask: (isKnown) => post('/v1/auth/sms/login', { phone: phoneOf(isKnown), code: '000000' }),
      },
      {
        name: 'password/login, with a wrong password',
        prepare: () => sql('delete from failed_attempts'),
        ask: (isKnown) => post('/v1/auth/password/login', { username: usernameOf(isKnown), password: 'wrong one' }),
      },
      {
        name: 'register, with a ticket that was spent',
        ask: (isKnown) =>
          post('/v1/auth/wechat/register', { ticket: isKnown ? spent : nobodys.slice(0, 43), phoneCode: 'some-code' }),
      },
      {
        name: 'register, with the ticket of somebody who has an account by now',
        prepare: newTickets,
        ask: (isKnown) =>
          post('/v1/auth/wechat/register', { ticket: isKnown ? overtaken : open, phoneCode: 'no-such-code' }),
      },
      {
        name: 'refresh, with the token of a live session but for its end',
        ask: (isKnown) => post('/v1/auth/refresh', { refreshToken: tokenOf(isKnown) }),
      },
      {
        name: 'logout, with the token of a live session but for its end',
        ask: (isKnown) => post('/v1/auth/logout', { refreshToken: tokenOf(isKnown) }),
      },
      {
        name: 'introspect, with the token of a live session but for its end',
        ask: (isKnown) => form('/oauth/introspect', { token: tokenOf(isKnown) }),
      },
      {
        name: 'token, with the token of a live session but for its end',
        ask: (isKnown) => form('/oauth/token', { grant_type: 'refresh_token', refresh_token: tokenOf(isKnown) }),
      },
      {
        name: 'DELETE sessions/:id, of somebody else',
        ask: (isKnown) =>
          request('DELETE', `/v1/auth/sessions/${isKnown ? sessionId : randomUUID()}`, '', {
            authorization: `Bearer ${stranger.tokens.accessToken}`,
          }),
      },
      {
        name: 'GET users/:id, of somebody who never opened an app of the back end',
        ask: (isKnown) =>
          request('GET', `/v1/users/${isKnown ? foreign.user.id : randomUUID()}`, '', { authorization: BASIC }),
      },
    ];
  }

  /** Everything of an answer but what differs from request to request. */
  const toldBy = ({ status, headers, body }: Answer) => ({
    status,
    body: typeof body === 'object' ? { ...body, traceId: null } : body,
    headers: [...headers].filter(([name]) => !['x-trace-id', 'date'].includes(name)),
  });

  it('hears the same about somebody we know and about nobody, for as much work of the database', async () => {
    for (const { name, prepare, ask } of questions) {
      await prepare?.();
      let known!: Answer;
      let unknown!: Answer;
      const texts = await statements.during(async () => (known = await ask(true)));
      const others = await statements.during(async () => (unknown = await ask(false)));
      expect([name, toldBy(known)]).toEqual([name, toldBy(unknown)]);
      expect([name, texts.filter(isOfRequest)]).toEqual([name, others.filter(isOfRequest)]);
    }
  });

  // Proves that a difference would be seen: a sign-in that asks for no account does tell whoever opens the app.
  it('could tell the two apart where they are not the same', async () => {
    let known!: Answer;
    let unknown!: Answer;
    const texts = await statements.during(async () => (known = await signIn('alice', { createUser: false })));
    const others = await statements.during(async () => (unknown = await signIn('nobody', { createUser: false })));
    expect(toldBy(known)).not.toEqual(toldBy(unknown));
    expect(texts).not.toEqual(others);
  });

  it('waits as long for one as for the other', async () => {
    for (const { name, prepare, ask } of questions) {
      const times: { known: number[]; unknown: number[] } = { known: [], unknown: [] };
      for (let round = 0; round < ROUNDS; round += 1) {
        await prepare?.();
        // Interleaved, each first as often as the other, so that a slow moment of the machine meets both.
        const order = round % 2 === 0 ? (['known', 'unknown'] as const) : (['unknown', 'known'] as const);
        for (const who of order) {
          const since = performance.now();
          await ask(who === 'known');
          times[who].push(performance.now() - since);
        }
      }
      const [known, unknown] = [median(times.known), median(times.unknown)];
      console.info(`${name}: ${known.toFixed(1)} ms, of nobody ${unknown.toFixed(1)} ms`);
      const tolerance = Math.max(TIME_TOLERANCE_MS, TIME_TOLERANCE * Math.max(known, unknown));
      expect([name, Math.abs(known - unknown) < tolerance]).toEqual([name, true]);
    }
  }, 120_000);
});

/** The audit log is written in batches, the feed is polled, and keys are read again, all when it pleases the server. */
function isOfRequest(text: string): boolean {
  return !/insert into audit_events[\s\S]*json_to_recordset|from (revocations|signing_keys|secret_keys)\b/.test(text);
}

function sha256(text: string): string {
  return `sha256:${createHash('sha256').update(text).digest('hex')}`;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
}
