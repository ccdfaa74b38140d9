import { randomUUID } from 'node:crypto';

/**
 * What each connection sends, and how it tells a right answer from a wrong one. Every answer is checked.
 *
 * A protocol says how one server is spoken to: `signIn(code)`, `session(credentials)`, `me(credentials)` and
 * `refresh(credentials)` are requests, `signedIn(answer, head)` and `refreshed(answer, credentials)` read credentials
 * from a parsed answer, and answer null for a wrong one. A server without sign-in has `credentialsOf(user)` instead.
 */
export async function flowsOf(load, protocol, senders, { users, sessionsPerConnection = 1 }) {
  return Promise.all(
    senders.map((send, index) => FLOWS[load]({ protocol, send, index, users, sessionsPerConnection })),
  );
}

const FLOWS = {
  session: (connection) => guarded(connection, 'session'),
  me: (connection) => guarded(connection, 'me'),
  refresh,
  signin: (connection) => signIn(connection, () => codeOf(randomUser(connection.users))),
  signup: (connection) => signIn(connection, () => `new-${randomUUID()}.1`),
};

async function guarded(connection, kind) {
  const credentials = await open(connection, 1 + connection.index);
  const request = connection.protocol[kind](credentials);
  const expected = `"${credentials.userId ?? (await whoAmI(connection, request))}"`;
  return { next: () => request, accept: (status, text) => status === 200 && text.includes(expected) };
}

/** Tokens of OAuth do not say whose they are: what the first answer says must be in every other. */
async function whoAmI({ send }, request) {
  const { status, text } = await send(request);
  const { userId, id, sub } = status === 200 ? JSON.parse(text) : {};
  const name = userId ?? id ?? sub;
  if (!name) throw new Error(`the guarded route does not say who is calling: ${status} ${text.slice(0, 500)}`);
  return name;
}

/** Each connection presents what its own previous answer gave it; with several sessions, one after the other. */
async function refresh(connection) {
  const { protocol, sessionsPerConnection, index, users } = connection;
  const sessions = [];
  for (let n = 0; n < sessionsPerConnection; n += 1) {
    sessions.push(await open(connection, sessionsPerConnection === 1 ? 1 + index : randomUser(users)));
  }
  let turn = 0;
  return {
    next: () => protocol.refresh(sessions[turn]),
    accept(status, text) {
      const next = status === 200 ? protocol.refreshed(JSON.parse(text), sessions[turn]) : null;
      if (next) sessions[turn] = next;
      turn = (turn + 1) % sessions.length;
      return next !== null;
    },
  };
}

async function signIn({ protocol }, nextCode) {
  return {
    next: () => protocol.signIn(nextCode()),
    accept: (status, text) => status === 200 && protocol.signedIn(JSON.parse(text)) !== null,
  };
}

async function open({ protocol, send }, user) {
  if (protocol.credentialsOf) return protocol.credentialsOf(user);
  const { status, text, head } = await send(protocol.signIn(codeOf(user)));
  const credentials = status === 200 ? protocol.signedIn(JSON.parse(text), head) : null;
  if (!credentials) throw new Error(`cannot sign in: ${status} ${text.slice(0, 500)}`);
  return credentials;
}

function randomUser(users) {
  return 1 + Math.floor(Math.random() * users);
}

let codes = 0;

/** A code of `wx.login` that the WeChat stub takes for this seeded user. */
function codeOf(user) {
  codes += 1;
  return `seed-${user}.${codes}`;
}
