import * as sdk from 'wechat-passport-client';
import { SANDBOX_APPS } from '../../src/config/sandbox-apps.js';
import type { FlowPhone } from '../support/flow-phone.js';
import { FlowStage } from '../support/flow-stage.js';

const SHOP = 'examples/password-free-sign-in';
const [HOME, LOGIN, POSTER] = ['pages/home/home', 'pages/login/login', 'pages/poster/poster'] as const;
const [APP_ONE, APP_TWO] = SANDBOX_APPS;
const PASSWORD = 'a long password 7!';

describe('a shop whose people are bound to their accounts once, and then need no password', () => {
  let stage: FlowStage;
  beforeAll(async () => {
    stage = await FlowStage.open({
      // Accounts come from elsewhere: here, from the owner's other mini-program.
      WECHAT_APPS: JSON.stringify([{ ...APP_ONE, registration: 'never' }, APP_TWO]),
      TOKEN_CARRIERS: 'sid,cookie',
      RESPONSE_ENVELOPE: 'true',
    });
  });
  afterAll(() => stage.close());

  /** An account with a password that no WeChat of the shop leads to. */
  async function account(name: string): Promise<{ id: string; username: string; password: string }> {
    const wechatUser = `${name} elsewhere`;
    const { server } = stage;
    const appId = APP_TWO!.appId;
    const { data } = (await server.signIn(wechatUser, { appId })).body;
    const { code } = server.wechat.wxLogin(wechatUser, appId);
    const set = await server.request('PUT', '/v1/users/me/password', {
      headers: { sid: data.tokens.accessToken },
      body: { username: name, newPassword: PASSWORD, code },
    });
    expect([set.status, set.body.success]).toEqual([200, true]);
    return { id: data.user.id, username: name, password: PASSWORD };
  }

  /** A phone whose WeChat has been bound. */
  async function bound(name: string): Promise<FlowPhone> {
    const { username, password } = await account(name);
    const phone = stage.phone(name);
    const shop = await phone.launch(SHOP, HOME);
    await shop.navigate(LOGIN);
    await shop.page.fire('signIn', { detail: { value: { username, password } } });
    expect(shop.page.data.user).toMatchObject({ id: expect.any(String) });
    return phone;
  }

  it('is answered in the envelope that it expects', async () => {
    const { code } = stage.server.wechat.wxLogin('anybody');
    const { body } = await stage.server.post('/v1/auth/wechat/login', { code });
    expect(body).toEqual({
      success: true,
      code: 200,
      message: expect.any(String),
      datetime: expect.stringMatching(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/),
      traceId: expect.any(String),
      data: { status: 'unregistered', ticket: expect.any(String), ticketExpiresIn: 300 },
    });
  });

  it('shows somebody unbound a button, binds them by password, and needs none on their next phone', async () => {
    const { id, username, password } = await account('alice');
    const phone = stage.phone('alice');
    const shop = await phone.launch(SHOP);
    expect([shop.page.route, shop.page.data]).toEqual([HOME, { user: null, needsLogin: true }]);

    await shop.navigate(LOGIN);
    await shop.page.fire('signIn', { detail: { value: { username, password: 'a wrong one 7!' } } });
    expect([shop.page.route, shop.page.data.message]).toEqual([LOGIN, expect.stringMatching(/\S/)]);
    await shop.page.fire('signIn', { detail: { value: { username, password } } });
    expect([shop.page.route, shop.page.data.user.id]).toEqual([HOME, id]);

    const next = stage.phone('alice');
    const again = await next.launch(SHOP);
    expect(again.page.data).toMatchObject({ user: { id }, needsLogin: false });
    expect(next.takeAnswered()).toEqual([
      ['POST /v1/auth/wechat/login', 200],
      ['GET /v1/users/me', 200],
    ]);
  });

  it('carries the token in a header called sid', async () => {
    const phone = await bound('bob');
    const { header } = phone.answered.find(({ route }) => route === 'GET /v1/users/me')!;
    expect(header['sid']).toBe(phone.accessToken());
    expect(header).not.toHaveProperty('authorization');
  });

  it('keeps the session as a cookie instead, where the app prefers that', async () => {
    const phone = await bound('carol');
    const fresh = stage.phone('carol');
    const { cookieTransport } = fresh.modules(SHOP)<{ cookieTransport: (wx: object) => sdk.Transport }>(
      'cookie-transport',
    );
    const client = sdk.createClient({
      platform: fresh.wx as sdk.WxLike,
      baseURL: stage.server.url,
      carrier: 'sid',
      transport: cookieTransport(fresh.wx),
      autoLogin: false,
    });
    await client.signIn();
    const user = await client.getUser();
    expect(user.id).toBe((await phone.launch(SHOP)).page.data.user.id);
    await client.refreshSession();
    await client.updateUser({ nickname: 'Carol' });
    const last = fresh.answered.at(-1)!;
    expect(last.header['cookie']).toBe(`wp_access=${fresh.accessToken()}`);
    expect(last.header).not.toHaveProperty('sid');

    await client.signOut();
    expect(fresh.stored()).not.toContain('wp_access=');
  });

  describe('saves a picture', () => {
    it('for whoever permits it', async () => {
      const phone = await bound('dave');
      const { page } = await phone.launch(SHOP, POSTER);
      await page.fire('save');
      expect([page.data.message, phone.dialogues]).toEqual(['Saved', []]);
    });

    it('for whoever denied it, and permits it in the settings', async () => {
      const phone = await bound('erin');
      phone.wechat.settings = { 'scope.writePhotosAlbum': false };
      const { page } = await phone.launch(SHOP, POSTER);
      await page.fire('save');
      expect([page.data.message, phone.dialogues]).toEqual(['Saved', ['Your album']]);
      expect([phone.wechat.count('authorize'), phone.wechat.count('openSetting')]).toEqual([0, 1]);
    });

    it('for nobody else', async () => {
      const phone = await bound('frank');
      phone.wechat.settings = { 'scope.writePhotosAlbum': false };
      phone.wechat.agrees.modal = false;
      const { page } = await phone.launch(SHOP, POSTER);
      await page.fire('save');
      expect([page.data.message, phone.wechat.count('openSetting')]).toEqual(['Not saved', 0]);
    });
  });
});
