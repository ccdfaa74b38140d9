import { FlowStage } from '../support/flow-stage.js';
import { imageOf } from '../support/uploads.js';
import type { WxPhone } from '../support/wx-runtime/wx-phone.js';

const SHOP = 'examples/phone-registration';
const [INDEX, LOGIN, PROFILE, NEARBY] = [
  'pages/index/index',
  'pages/login/login',
  'pages/profile/profile',
  'pages/nearby/nearby',
] as const;

describe('a shop that looks first, and then signs in or registers by phone', () => {
  let stage: FlowStage;
  beforeAll(async () => {
    stage = await FlowStage.open({ REGISTRATION: 'on_phone', REFRESH_IDLE_TTL_SECONDS: '7200' });
  });
  afterAll(() => stage.close());

  /** The phone of somebody who has registered, with the shop on its screen. */
  async function customer(user: string) {
    const phone = stage.phone(user);
    const shop = await phone.launch(SHOP);
    await shop.page.fire('signIn', phone.wechat.pressPhoneButton());
    expect(shop.page.route).toBe(INDEX);
    phone.takeAnswered();
    return { phone, shop };
  }

  it('shows the login page to somebody new, and registers them by the phone button', async () => {
    const phone = stage.phone('alice');
    const shop = await phone.launch(SHOP);
    expect(shop.page.route).toBe(LOGIN);
    await shop.page.fire('signIn', { detail: { errMsg: 'getPhoneNumber:fail user deny' } });
    expect([shop.page.route, shop.page.data.message]).toEqual([LOGIN, 'getPhoneNumber:fail user deny']);

    await shop.page.fire('signIn', phone.wechat.pressPhoneButton());
    expect(shop.page.route).toBe(INDEX);
    expect(shop.page.data.user.phone).toMatch(/^\d{3}\*+\d{2}$/);
    await shop.page.fire('order');
    expect(shop.page.data.orders).toEqual([{ userId: shop.page.data.user.id, item: 'tea' }]);
  });

  it('signs in by themselves whoever is known, without the login page', async () => {
    const { shop } = await customer('bob');
    const again = await stage.phone('bob').launch(SHOP);
    expect(again.page.route).toBe(INDEX);
    expect(again.page.data.user.id).toBe(shop.page.data.user.id);
  });

  it('renews both tokens when the access token has expired, and repeats the request, unnoticed', async () => {
    const { phone } = await customer('carol');
    await phone.expireAccessToken();
    const before = [phone.accessToken(), phone.refreshToken()];
    const shop = await phone.launch(SHOP);
    expect(phone.takeAnswered()).toEqual([
      ['GET /v1/orders', 401],
      ['POST /v1/auth/refresh', 200],
      ['GET /v1/orders', 200],
    ]);
    expect([shop.page.route, phone.toasts]).toEqual([INDEX, []]);
    for (const token of before) expect(phone.stored()).not.toContain(token);
  });

  it('shows the login page when somebody else has ended the session, and does not sign in by itself', async () => {
    const { phone, shop } = await customer('dave');
    await stage.server.post('/v1/auth/logout', { refreshToken: phone.refreshToken(), scope: 'global' });
    await shop.page.fire('order');
    expect(shop.page.route).toBe(LOGIN);
    const again = await phone.launch(SHOP);
    expect(again.page.route).toBe(LOGIN);
    expect(phone.takeAnswered()).toEqual([['POST /v1/orders', 401]]);

    await again.page.fire('signIn', phone.wechat.pressPhoneButton());
    expect(again.page.route).toBe(INDEX);
  });

  it('shows the login page when the session has expired and WeChat’s person is nobody’s any more', async () => {
    const { phone, shop } = await customer('erin');
    const { id } = shop.page.data.user;
    await stage.server.sql(`update sessions set idle_expires_at = now() - interval '1 second' where user_id = $1`, [
      id,
    ]);
    await stage.server.sql('delete from identities where user_id = $1', [id]);
    await phone.expireAccessToken();
    expect((await phone.launch(SHOP)).page.route).toBe(LOGIN);
    expect(phone.takeAnswered()).toEqual([
      ['GET /v1/orders', 401],
      ['POST /v1/auth/refresh', 401],
      ['POST /v1/auth/wechat/login', 200],
    ]);
  });

  it('shows the login page to whoever signs out', async () => {
    const { phone } = await customer('frank');
    const shop = await phone.launch(SHOP, PROFILE);
    await shop.page.fire('signOut');
    expect(shop.page.route).toBe(LOGIN);
    expect((await phone.launch(SHOP)).page.route).toBe(LOGIN);
  });

  it('changes nickname and avatar, and has the server decrypt what WeChat encrypted', async () => {
    const { phone } = await customer('gina');
    const { page } = await phone.launch(SHOP, PROFILE);
    await page.fire('changeNickname', { detail: { value: 'Gina' } });
    phone.wechat.net.files.set('wxfile://picture', imageOf('image/png'));
    await page.fire('chooseAvatar', { detail: { avatarUrl: 'wxfile://picture' } });
    expect(page.data.user).toMatchObject({ nickname: 'Gina', avatarUrl: expect.stringContaining('/v1/avatars/') });
    await page.fire('countSteps');
    expect(page.data.steps).toEqual(expect.any(Number));
    expect(phone.toasts).toEqual([]);
  });

  describe('asks where the phone is', () => {
    async function locate(user: string, person: Partial<Pick<WxPhone, 'settings' | 'agrees' | 'location'>>) {
      const { phone } = await customer(user);
      Object.assign(phone.wechat, person);
      const { page } = await phone.launch(SHOP, NEARBY);
      return { phone, page };
    }
    const DENIED = { 'scope.userLocation': false };
    const PLACE = { latitude: 31.2, longitude: 121.5 };

    it('and shows it to whoever permits it', async () => {
      const { phone, page } = await locate('henry', {});
      expect([page.data.place, phone.dialogues]).toEqual([PLACE, []]);
    });

    it('and leads whoever denied it before to the settings', async () => {
      const { phone, page } = await locate('ivy', { settings: { ...DENIED } });
      expect([page.data.place, phone.dialogues]).toEqual([PLACE, ['Your location']]);
      expect(phone.wechat.count('openSetting')).toBe(1);
    });

    it('and sends home whoever does not want to', async () => {
      const refusing = { authorize: false, modal: false, openSetting: false };
      const { phone, page } = await locate('jack', { settings: { ...DENIED }, agrees: refusing });
      expect([page.route, phone.dialogues]).toEqual([INDEX, ['Your location']]);
      expect(phone.wechat.count('openSetting')).toBe(0);
    });

    it('and tells whoever permits it, and has location switched off, where to switch it on', async () => {
      const { phone, page } = await locate('kate', { location: null });
      expect([page.route, phone.dialogues]).toEqual([INDEX, ['Location is off']]);
    });
  });
});
