import { randomBytes } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import { join, resolve } from 'node:path';
import { hasPgbench, pgbench, resetRotation } from './limits/pgbench.mjs';
import { APP_ID, seed } from './seed.mjs';

const HERE = import.meta.dirname;
const ROOT = resolve(HERE, '..');

/** The name that goals and tables know our server by. */
export const OURS = 'wechat-passport';

/** Connections to PostgreSQL of every server: the default of ours. */
export const POOL_SIZE = 12;

const LESS = 'no sessions, no revocation, no audit log';
const IN_PROCESS = 'verified by a resource server in the same process; no revocation';

/**
 * Everybody who is measured: how they are started, how they are spoken to, and in `notes`, for each load they take part
 * in, what they do more or less than our server.
 *
 * `start(stage, given)` answers where a server listens and its process; `given` holds the number of `users` and, for limits,
 * the `answer` and the `databaseUrl` of our server. What is no server brings a `measure` of its own.
 */
export const SUBJECTS = [
  {
    name: OURS,
    kind: 'ours',
    protocol: 'server/protocol.mjs',
    start: (stage, { users }) => startOurs(stage, { name: 'ours', users }),
    notes: {
      session: 'sees revocation within a second',
      me: 'profile with identities',
      refresh: 'repeats and theft told apart; one row, changed in place',
      signin: 'session_key sealed and kept, new session, audit event; two commits',
      signup: 'the same, and the new user with the identity in a transaction of its own',
    },
  },
  {
    name: 'tutorial',
    kind: 'peer',
    protocol: 'peers/tutorial/protocol.mjs',
    start: (stage, given) => startPeer(stage, 'tutorial', 'peers/tutorial/dist/main.js', given),
    notes: {
      session: 'ES256 with PEM text; no revocation',
      me: 'user without identities, by findOne',
      refresh: 'findOne and two saves in three transactions; a row is added each time; two at once may both win',
      signin: `session_key in clear; ${LESS}`,
      signup: `session_key in clear; ${LESS}`,
    },
  },
  {
    name: 'oidc-provider, JWT',
    kind: 'peer',
    protocol: 'peers/oauth.protocol.mjs',
    start: (stage, given) =>
      startPeer(stage, 'oidc-jwt', 'peers/oidc-provider/server.mjs', given, { ACCESS_TOKENS: 'jwt' }),
    notes: {
      session: IN_PROCESS,
      refresh: 'grant read too; a row is added each time; reuse ends the grant',
      signin: 'grant and refresh token written in two commits; no session_key, no audit log',
      signup: 'as a sign-in of a known user',
    },
  },
  {
    name: 'oidc-provider, opaque',
    kind: 'peer',
    protocol: 'peers/oidc-provider/opaque.protocol.mjs',
    start: (stage, given) =>
      startPeer(stage, 'oidc-opaque', 'peers/oidc-provider/server.mjs', given, { ACCESS_TOKENS: 'opaque' }),
    notes: {
      session: 'userinfo: token and grant are read from the database',
      refresh: 'grant read and access token written too; two rows are added each time',
      signin: 'grant and both tokens written in three commits; no session_key, no audit log',
      signup: 'as a sign-in of a known user',
    },
  },
  {
    name: 'oauth2-server',
    kind: 'peer',
    protocol: 'peers/oauth.protocol.mjs',
    start: (stage, given) => startPeer(stage, 'oauth2-server', 'peers/oauth2-server/server.mjs', given),
    notes: {
      session: 'token is read from the database: revocation is seen at once',
      me: 'token and user are read',
      refresh: 'select, delete, insert in three commits; no repeat of a lost answer; reuse is not seen',
      signin: 'user and token pair written in two commits; no session_key, no audit log',
      signup: 'as a sign-in of a known user',
    },
  },
  {
    name: 'Better Auth',
    kind: 'peer',
    protocol: 'peers/better-auth/protocol.mjs',
    start: (stage, given) => startPeer(stage, 'better-auth', 'peers/better-auth/server.mjs', given),
    notes: {
      session: 'get-session from the signed cookie; no revocation while the cookie is fresh',
      refresh: 'get-session that extends the session: no new token, nothing rotates',
      signin: 'account read, session written; no session_key, no audit log',
      signup: 'account read; user, account, session written',
    },
  },
  {
    name: 'raw node:http',
    kind: 'limit',
    protocol: 'limits/raw.protocol.mjs',
    start: (stage, { answer }) => stage.startNode('raw-http', join(HERE, 'limits/raw-http.mjs'), answer, '/'),
    notes: { session: 'the same bytes, nothing else: also what the load generator can do' },
  },
  {
    name: 'raw Fastify',
    kind: 'limit',
    protocol: 'limits/raw.protocol.mjs',
    start: (stage, { answer }) => stage.startNode('raw-fastify', join(HERE, 'limits/raw-fastify.mjs'), answer, '/'),
    notes: { session: 'the same bytes, nothing else' },
  },
  {
    name: 'NestJS on Fastify',
    kind: 'limit',
    protocol: 'limits/raw.protocol.mjs',
    start: (stage, { answer }) => stage.startNode('nest-fastify', join(HERE, 'limits/nest-fastify.mjs'), answer, '/'),
    notes: { session: 'the same bytes behind a guard that looks at nothing: what the framework takes' },
  },
  {
    name: 'raw Fastify + select',
    kind: 'limit',
    protocol: 'limits/select.protocol.mjs',
    start: (stage, { databaseUrl }) =>
      stage.startNode('select-fastify', join(HERE, 'limits/select-fastify.mjs'), {
        DATABASE_URL: databaseUrl,
        POOL_SIZE: String(POOL_SIZE),
      }),
    notes: { me: 'one named select, nobody is asked who they are' },
  },
  {
    name: 'pgbench, one UPDATE',
    kind: 'limit',
    isThere: hasPgbench,
    start: (stage, { users }) => startDatabase(stage, 'pgbench-rotation', users),
    async measure({ databaseUrl, directory }, { connections, seconds }) {
      await resetRotation(databaseUrl);
      const script = join(HERE, 'limits/rotation.sql');
      return pgbench({ directory, databaseUrl, script, clients: connections, seconds, variables: { generation: 0 } });
    },
    notes: { refresh: 'the same UPDATE, one commit each; no HTTP, no token is signed' },
  },
  {
    name: 'pgbench, sign-in SQL',
    kind: 'limit',
    isThere: hasPgbench,
    start: (stage, { users }) => startDatabase(stage, 'pgbench-sign-in', users),
    async measure({ databaseUrl, directory }, { connections, seconds, users }) {
      const script = join(HERE, 'limits/sign-in.sql');
      return pgbench({ directory, databaseUrl, script, clients: connections, seconds, variables: { users } });
    },
    notes: { signin: 'the same statements, sent together, one commit; no HTTP, no WeChat, nothing sealed or signed' },
  },
];

/** Starts a build of our server as production does, on a database of its own with seeded users. */
export async function startOurs(stage, { name, directory = ROOT, users, workers = 1 }) {
  const databaseUrl = await stage.freshDatabase(name);
  const environment = {
    DATABASE_URL: databaseUrl,
    DATABASE_POOL_SIZE: String(POOL_SIZE),
    MASTER_KEYS: `bench:${randomBytes(32).toString('base64')}`,
    WECHAT_APPS: JSON.stringify([{ appId: APP_ID, secret: randomBytes(16).toString('hex') }]),
    WECHAT_API_BASE_URL: stage.wechatUrl,
    PUBLIC_URL: 'https://passport.example.com',
    HOST: '127.0.0.1',
    // Nobody else here writes a line for each request either.
    LOG_LEVEL: 'warn',
    // Sixty-four connections do what thousands of people would; no limit is made for that.
    RATE_LIMIT: 'off',
    ...(workers > 1 ? { WORKERS: String(workers) } : {}),
  };
  await fill(databaseUrl, directory, users);
  const server = await stage.startNode(name, join(directory, 'dist/main.js'), environment, '/readyz', directory);
  return { ...server, databaseUrl };
}

/** Our tables alone, for limits that need no server. */
async function startDatabase(stage, name, users) {
  const databaseUrl = await stage.freshDatabase(name);
  await fill(databaseUrl, ROOT, users);
  return { databaseUrl, directory: stage.directory };
}

async function fill(databaseUrl, directory, users) {
  const env = { PATH: process.env.PATH, DATABASE_URL: databaseUrl };
  execFileSync(process.execPath, ['dist/database/migrate.js', 'run'], { cwd: directory, env, timeout: 60_000 });
  await seed(databaseUrl, users);
}

async function startPeer(stage, name, file, { users }, environment = {}) {
  return stage.startNode(name, join(HERE, file), {
    DATABASE_URL: await stage.freshDatabase(name),
    POOL_SIZE: String(POOL_SIZE),
    WECHAT_URL: stage.wechatUrl,
    SEEDED_USERS: String(users),
    ...environment,
  });
}
