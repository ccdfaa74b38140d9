import type { AuthError } from 'wechat-passport-client';
import type { FlowPhone } from '../support/flow-phone.js';
import { FlowStage } from '../support/flow-stage.js';
import type { TaroInterceptor } from '../support/wx-runtime/frameworks.js';

const SHOP = 'examples/taro-interceptor/src';

interface Login {
  login(): Promise<{ token: string; userExist: boolean; userInfo: { id: string } }>;
}

interface Orders {
  readMenu(): Promise<string[]>;
  readOrders(): Promise<object[]>;
  readAllOrders(): Promise<object[]>;
}

describe('a Taro app that keeps its interceptors and its names', () => {
  let stage: FlowStage;
  beforeAll(async () => {
    stage = await FlowStage.open({ TOKEN_CARRIERS: 'authorization' });
  });
  afterAll(() => stage.close());

  /** Starts the app, as app.jsx does. */
  function start(phone: FlowPhone) {
    const taro = phone.taro();
    const modules = phone.modules(SHOP, taro);
    const { interceptors } = modules<{ interceptors: TaroInterceptor[] }>('interceptors');
    interceptors.forEach((interceptor) => taro.addInterceptor(interceptor));
    return { ...modules<Login>('login'), ...modules<Orders>('orders') };
  }

  it('answers its sign-in as {token, userExist, userInfo}', async () => {
    const phone = stage.phone('alice');
    const first = await start(phone).login();
    expect(first).toEqual({ token: phone.accessToken(), userExist: false, userInfo: expect.any(Object) });
    const second = await start(phone).login();
    expect([second.userExist, second.userInfo.id]).toEqual([true, first.userInfo.id]);
    expect(phone.wechat.count('login')).toBe(1);
  });

  it('carries the token in Authorization as it is, and only where somebody has to be signed in', async () => {
    const phone = stage.phone('bob');
    const app = start(phone);
    expect(await app.readMenu()).toEqual(['tea', 'noodles']);
    const { token } = await app.login();
    expect(await app.readOrders()).toEqual([]);
    expect(phone.answered.map(({ route, header }) => [route, header['authorization']])).toEqual([
      ['GET /v1/orders/menu', undefined],
      ['POST /v1/auth/wechat/login', undefined],
      ['GET /v1/orders', token],
    ]);
  });

  it('is guarded route by route', async () => {
    const app = start(stage.phone('carol'));
    await app.login();
    await expect(app.readAllOrders()).rejects.toMatchObject({
      status: 403,
      remedy: 'stop',
    } satisfies Partial<AuthError>);
    expect((await stage.server.get('/v1/orders/menu')).status).toBe(200);
    expect((await stage.server.get('/v1/orders')).status).toBe(401);
  });

  it('renews an expired token behind its interceptors, which see every request and no token', async () => {
    const phone = stage.phone('dave');
    await start(phone).login();
    await phone.expireAccessToken();
    phone.console.length = 0;
    expect(await start(phone).readOrders()).toEqual([]);
    expect(phone.console.map((line) => line.replace(/http:\/\/[^/]+/, ''))).toEqual([
      'http GET /v1/orders 401',
      'http POST /v1/auth/refresh 200',
      'http GET /v1/orders 200',
    ]);
  });

  it('never asks checkSession', async () => {
    const phone = stage.phone('erin');
    const app = start(phone);
    await app.login();
    await app.readOrders();
    expect(phone.wechat.count('checkSession')).toBe(0);
  });
});
