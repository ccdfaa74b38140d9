import { SANDBOX_APPS } from '../../src/config/sandbox-apps.js';
import { filesUnder, read } from '../support/repository.js';
import { FlowStage } from '../support/flow-stage.js';

const SHOP = 'examples/launch-sign-in';

describe('a TypeScript mini-program that signs in as it is launched', () => {
  let stage: FlowStage;
  beforeAll(async () => {
    stage = await FlowStage.open({ TOKEN_CARRIERS: 'bearer,authentication' });
  });
  afterAll(() => stage.close());

  it('signs in once, and requests wait for it', async () => {
    const phone = stage.phone('alice');
    const { page, app } = await phone.launch(SHOP);
    await Promise.all([page.fire('find'), page.fire('find'), page.fire('find')]);
    expect([page.data.orders, page.data.message]).toEqual([[], '']);
    expect(phone.takeAnswered()).toEqual([
      ['POST /v1/auth/wechat/login', 200],
      ['GET /v1/orders', 200],
      ['GET /v1/orders', 200],
      ['GET /v1/orders', 200],
    ]);
    expect(app).toMatchObject({ globalData: { user: { id: expect.any(String) } } });
  });

  it('goes on with what is stored when it is launched again', async () => {
    const phone = stage.phone('bob');
    const first = await phone.launch(SHOP);
    await first.page.fire('find');
    phone.takeAnswered();
    const second = await phone.launch(SHOP);
    await second.page.fire('find');
    expect([phone.takeAnswered(), phone.wechat.count('login')]).toEqual([[['GET /v1/orders', 200]], 1]);
    expect(second.app['globalData']).toEqual(first.app['globalData']);
  });

  it('carries the token in a header called Authentication, and in no other', async () => {
    const phone = stage.phone('carol');
    const { page } = await phone.launch(SHOP);
    await page.fire('find');
    const [signIn, find] = phone.answered;
    expect(find!.header).toMatchObject({ authentication: phone.accessToken() });
    expect(find!.header).not.toHaveProperty('authorization');
    expect(signIn!.header).not.toHaveProperty('authentication');
  });

  it('renews an expired token, and finds what it was looking for', async () => {
    const phone = stage.phone('dave');
    await (await phone.launch(SHOP)).page.fire('find');
    await phone.expireAccessToken();
    phone.takeAnswered();
    const { page } = await phone.launch(SHOP);
    await page.fire('find');
    expect(phone.takeAnswered()).toEqual([
      ['GET /v1/orders', 401],
      ['POST /v1/auth/refresh', 200],
      ['GET /v1/orders', 200],
    ]);
    expect(page.data.message).toBe('');
  });

  it('sends the code of wx.login and the device, and knows neither appid nor secret', async () => {
    const phone = stage.phone('erin');
    await (await phone.launch(SHOP)).page.fire('find');
    expect(phone.answered[0]!.data).toEqual({ code: expect.any(String), device: expect.any(Object) });
    const { appId, secret } = SANDBOX_APPS[0]!;
    for (const file of filesUnder(SHOP, /\.(ts|json|wxml)$/)) {
      expect(read(file)).not.toMatch(/secret['"]?\s*:/i);
      expect(read(file)).not.toContain(appId);
    }
    expect(JSON.stringify(phone.answered)).not.toContain(secret);
  });
});
