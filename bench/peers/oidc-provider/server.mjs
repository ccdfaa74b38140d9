// oidc-provider with JWT or opaque access tokens (ACCESS_TOKENS), refresh with rotation, a grant of its own for WeChat
// codes. The guarded routes are a resource server in the same process: JWTs are verified locally, opaque tokens by userinfo.
import { generateKeyPairSync } from 'node:crypto';
import { jwtVerify } from 'jose';
import Provider from 'oidc-provider';
import pg from 'pg';
import {
  ACCESS_TOKEN_SECONDS,
  DATABASE_URL,
  POOL_SIZE,
  PORT,
  REFRESH_TOKEN_SECONDS,
  WECHAT_URL,
} from '../environment.mjs';
import { Users } from '../users.mjs';
import { WechatClient } from '../wechat.mjs';
import { adapterOn, createTables } from './adapter.mjs';

const ISSUER = `http://127.0.0.1:${PORT}`;
const RESOURCE = 'urn:bench:api';
const GRANT = 'urn:wechat:code';
const SCOPE = 'openid offline_access';
const isJwt = process.env.ACCESS_TOKENS === 'jwt';

const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const pool = new pg.Pool({ connectionString: DATABASE_URL, max: POOL_SIZE });
const users = new Users(pool);
const wechat = new WechatClient(WECHAT_URL);

const resourceServer = {
  scope: 'openid',
  audience: RESOURCE,
  accessTokenTTL: ACCESS_TOKEN_SECONDS,
  accessTokenFormat: 'jwt',
  jwt: { sign: { alg: 'ES256' } },
};

const provider = new Provider(ISSUER, {
  adapter: adapterOn(pool),
  clients: [
    {
      client_id: 'bench',
      token_endpoint_auth_method: 'none',
      grant_types: [GRANT, 'refresh_token'],
      redirect_uris: [],
      response_types: [],
      id_token_signed_response_alg: 'ES256',
    },
  ],
  jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), kid: 'bench', use: 'sig', alg: 'ES256' }] },
  cookies: { keys: ['bench'] },
  findAccount: (_ctx, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
  rotateRefreshToken: true,
  features: {
    devInteractions: { enabled: false },
    resourceIndicators: {
      enabled: isJwt,
      defaultResource: () => RESOURCE,
      getResourceServerInfo: () => resourceServer,
      useGrantedResource: () => true,
    },
  },
  ttl: { AccessToken: ACCESS_TOKEN_SECONDS, RefreshToken: REFRESH_TOKEN_SECONDS, Grant: REFRESH_TOKEN_SECONDS },
});

provider.registerGrantType(
  GRANT,
  async (ctx) => {
    const { client, params } = ctx.oidc;
    const accountId = await users.signIn(await wechat.openidOf(params.code));
    const grant = new provider.Grant({ accountId, clientId: client.clientId });
    grant.addOIDCScope(SCOPE);
    if (isJwt) grant.addResourceScope(RESOURCE, 'openid');
    const given = { accountId, client, grantId: await grant.save(), gty: GRANT };

    const accessToken = new provider.AccessToken({ ...given, scope: 'openid' });
    if (isJwt) accessToken.resourceServer = new provider.ResourceServer(RESOURCE, resourceServer);
    const resource = isJwt ? RESOURCE : undefined;
    const refreshToken = new provider.RefreshToken({ ...given, scope: SCOPE, resource, rotations: 0 });
    const [access_token, refresh_token] = await Promise.all([accessToken.save(), refreshToken.save()]);
    ctx.body = { access_token, refresh_token, expires_in: accessToken.expiration, token_type: accessToken.tokenType };
  },
  ['code'],
);

provider.use(async (ctx, next) => {
  if (ctx.path === '/healthz') ctx.body = 'ok';
  else if (ctx.path === '/session') ctx.body = await session(ctx.get('authorization').slice('Bearer '.length));
  else await next();
});

async function session(token) {
  const { payload } = await jwtVerify(token, publicKey, { issuer: ISSUER, audience: RESOURCE, typ: 'at+jwt' });
  return { userId: payload.sub, expiresAt: payload.exp };
}

await users.create();
await createTables(pool);
provider.listen(Number(PORT), '127.0.0.1');
