// @node-oauth/oauth2-server on bare node:http: opaque tokens, refresh with rotation, a grant of its own for WeChat codes.
import { createServer } from 'node:http';
import OAuth2Server from '@node-oauth/oauth2-server';
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
import { Model } from './model.mjs';

const { AbstractGrantType, Request, Response } = OAuth2Server;

const pool = new pg.Pool({ connectionString: DATABASE_URL, max: POOL_SIZE });
const users = new Users(pool);
const model = new Model(pool);
const wechat = new WechatClient(WECHAT_URL);

class WechatCodeGrant extends AbstractGrantType {
  async handle(request, client) {
    const id = await users.signIn(await wechat.openidOf(request.body.code));
    const token = {
      accessToken: await this.generateAccessToken(client, { id }),
      accessTokenExpiresAt: this.getAccessTokenExpiresAt(),
      refreshToken: await this.generateRefreshToken(client, { id }),
      refreshTokenExpiresAt: this.getRefreshTokenExpiresAt(),
    };
    return this.model.saveToken(token, client, { id });
  }
}

const oauth = new OAuth2Server({
  model,
  accessTokenLifetime: ACCESS_TOKEN_SECONDS,
  refreshTokenLifetime: REFRESH_TOKEN_SECONDS,
  extendedGrantTypes: { 'urn:wechat:code': WechatCodeGrant },
  requireClientAuthentication: { refresh_token: false, 'urn:wechat:code': false },
});

const ROUTES = {
  '/healthz': async () => ({ status: 'ok' }),
  '/token': async (request, response) => {
    await oauth.token(request, response);
    return response.body;
  },
  '/session': async (request, response) => {
    const { user, accessTokenExpiresAt } = await oauth.authenticate(request, response);
    return { userId: user.id, expiresAt: accessTokenExpiresAt };
  },
  '/me': async (request, response) => {
    const { user } = await oauth.authenticate(request, response);
    return users.find(user.id);
  },
};

await users.create();
await model.create();
createServer(async (incoming, outgoing) => {
  let status = 200;
  let answer;
  try {
    const { method, url, headers } = incoming;
    const body = Object.fromEntries(new URLSearchParams(await textOf(incoming)));
    const request = new Request({ method, headers, query: {}, body });
    answer = await ROUTES[url](request, new Response());
  } catch (error) {
    status = error.code ?? 500;
    answer = { error: error.name };
  }
  const text = JSON.stringify(answer);
  outgoing.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) });
  outgoing.end(text);
}).listen(Number(PORT), '127.0.0.1');

async function textOf(incoming) {
  if (incoming.method === 'GET') return '';
  let text = '';
  for await (const chunk of incoming) text += chunk;
  return text;
}
