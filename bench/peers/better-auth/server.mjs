// Better Auth with cookie cache, on PostgreSQL through pg, behind its handler for node:http. Signing in with a code of
// WeChat is a plugin of ours, written as its guide says, because it has no such thing.
import { createServer } from 'node:http';
import { betterAuth } from 'better-auth';
import { createAuthEndpoint } from 'better-auth/api';
import { setSessionCookie } from 'better-auth/cookies';
import { getMigrations } from 'better-auth/db/migration';
import { toNodeHandler } from 'better-auth/node';
import pg from 'pg';
import * as z from 'zod';
import { DATABASE_URL, POOL_SIZE, PORT, REFRESH_TOKEN_SECONDS, SEEDED_USERS, WECHAT_URL } from '../environment.mjs';
import { WechatClient } from '../wechat.mjs';

const pool = new pg.Pool({ connectionString: DATABASE_URL, max: POOL_SIZE });
const wechat = new WechatClient(WECHAT_URL);

const wechatCode = {
  id: 'wechat-code',
  endpoints: {
    signInWechat: createAuthEndpoint(
      '/sign-in/wechat',
      { method: 'POST', body: z.object({ code: z.string() }) },
      async (ctx) => {
        const openid = await wechat.openidOf(ctx.body.code);
        const user = await userOf(ctx.context.internalAdapter, openid);
        const session = await ctx.context.internalAdapter.createSession(user.id);
        await setSessionCookie(ctx, { session, user });
        return ctx.json({ userId: user.id });
      },
    ),
  },
};

async function userOf(accounts, openid) {
  const account = { providerId: 'wechat', accountId: openid };
  const known = await accounts.findAccountOwnerByKey(account);
  if (known) return known.user;
  const newUser = { name: openid, email: `${openid}@wechat.invalid`, emailVerified: false };
  return (await accounts.createOAuthUser(newUser, account)).user;
}

const options = {
  baseURL: `http://127.0.0.1:${PORT}`,
  secret: 'a-secret-of-the-benchmark-that-is-long-enough',
  database: pool,
  session: {
    expiresIn: REFRESH_TOKEN_SECONDS,
    // Every session that is read from the database is extended, which is its refresh.
    updateAge: 0,
    cookieCache: { enabled: true, maxAge: 3600 },
  },
  rateLimit: { enabled: false },
  telemetry: { enabled: false },
  logger: { level: 'error' },
  plugins: [wechatCode],
};

const { runMigrations } = await getMigrations(options);
await runMigrations();
await pool.query(
  `insert into "user" (id, name, email, "emailVerified", "createdAt", "updatedAt")
   select 'user-' || n, '用户' || n, 'seed-' || n || '@wechat.invalid', false, now(), now() from generate_series(1, $1) as n`,
  [SEEDED_USERS],
);
await pool.query(
  `insert into account (id, "accountId", "providerId", "userId", "createdAt", "updatedAt")
   select 'account-' || n, 'seed-' || n, 'wechat', 'user-' || n, now(), now() from generate_series(1, $1) as n`,
  [SEEDED_USERS],
);
// It asks for an account by this pair; its own migration makes no index for it.
await pool.query('create index if not exists account_by_openid on account ("providerId", "accountId")');
await pool.query('vacuum analyze');

const handle = toNodeHandler(betterAuth(options));
createServer((request, response) => {
  if (request.url === '/healthz') response.end('ok');
  else handle(request, response);
}).listen(Number(PORT), '127.0.0.1');
