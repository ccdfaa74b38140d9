import type { FlowPhone } from '../support/flow-phone.js';
import { FlowStage } from '../support/flow-stage.js';

const SHOP = 'examples/encrypted-data';
const [MENU, STEPS, PHONE] = ['pages/menu/menu', 'pages/steps/steps', 'pages/phone/phone'] as const;

describe('a shop that handles what WeChat encrypts', () => {
  let stage: FlowStage;
  beforeAll(async () => {
    stage = await FlowStage.open();
  });
  afterAll(() => stage.close());

  /** A phone whose person has signed in. */
  async function signedIn(user: string): Promise<FlowPhone> {
    const phone = stage.phone(user);
    const { page } = await phone.launch(SHOP);
    await page.fire('order', { dataset: { item: 'tea' } });
    expect(phone.toasts).toEqual([]);
    phone.takeAnswered();
    return phone;
  }

  it('asks nobody to sign in for what is open, and signs in on the way to what is not', async () => {
    const phone = stage.phone('alice');
    const { page } = await phone.launch(SHOP);
    expect(page.data.menu).toEqual(['tea', 'noodles']);
    expect([phone.takeAnswered(), phone.wechat.count('login')]).toEqual([[['GET /v1/orders/menu', 200]], 0]);

    await page.fire('order', { dataset: { item: 'noodles' } });
    expect(page.data.orders).toEqual([{ userId: expect.any(String), item: 'noodles' }]);
    expect(phone.takeAnswered()).toEqual([
      ['POST /v1/auth/wechat/login', 200],
      ['POST /v1/orders', 200],
      ['GET /v1/orders', 200],
    ]);
  });

  it('signs in without asking for a permission, and asks for one without signing in', async () => {
    const phone = await signedIn('bob');
    expect(phone.wechat.count('authorize')).toBe(0);
    const logins = phone.wechat.count('login');
    const { page } = await phone.launch(SHOP, STEPS);
    await page.fire('countSteps');
    expect(page.data.steps).toEqual(expect.any(Number));
    expect([phone.wechat.count('authorize'), phone.wechat.count('login')]).toEqual([1, logins]);
  });

  it('does not decrypt what the person does not permit', async () => {
    const phone = await signedIn('carol');
    phone.wechat.agrees = { authorize: false, modal: false, openSetting: false };
    const { page } = await phone.launch(SHOP, STEPS);
    phone.takeAnswered();
    await page.fire('countSteps');
    expect([page.data.steps, phone.takeAnswered()]).toEqual([null, []]);
  });

  describe('in the first way, which looks as the page loads', () => {
    it('signs in whoever is not, so that the first tap is good', async () => {
      const phone = stage.phone('dave');
      const { page } = await phone.launch(SHOP, STEPS);
      expect(phone.wechat.count('login')).toBe(1);
      await page.fire('countSteps');
      expect(page.data.steps).toEqual(expect.any(Number));
      expect(phone.wechat.count('login')).toBe(1);
    });

    it('renews a session_key that WeChat has dropped, and keeps the session', async () => {
      const phone = await signedIn('erin');
      stage.server.wechat.phones.expireSessionKey('erin');
      const { page } = await phone.launch(SHOP, STEPS);
      expect(phone.takeAnswered()).toEqual([['POST /v1/auth/wechat/login', 200]]);
      await page.fire('countSteps');
      expect([page.data.steps, phone.toasts]).toEqual([expect.any(Number), []]);
    });

    it('asks WeChat whether the key is good, and not the server, when nothing is wrong', async () => {
      const phone = await signedIn('frank');
      await phone.launch(SHOP, STEPS);
      await phone.launch(SHOP, STEPS);
      expect(phone.takeAnswered()).toEqual([]);
      expect(phone.wechat.count('checkSession')).toBeLessThanOrEqual(2);
    });
  });

  describe('in the second way, which looks after the tap', () => {
    it('decrypts at the first tap when all is well', async () => {
      const phone = await signedIn('gina');
      const { page } = await phone.launch(SHOP, PHONE);
      await page.fire('showPhone', phone.wechat.pressPhoneButton());
      expect(page.data.phone).toMatch(/^\d{3}\*+\d{2}$/);
    });

    it('asks for a second tap, which is good, when the key was not', async () => {
      const phone = await signedIn('henry');
      const { page } = await phone.launch(SHOP, PHONE);
      stage.server.wechat.phones.rotateSessionKey('henry');
      await page.fire('showPhone', phone.wechat.pressPhoneButton());
      expect([page.data.phone, phone.toasts]).toEqual([null, ['Please tap once more']]);

      await page.fire('showPhone', phone.wechat.pressPhoneButton());
      expect(page.data.phone).toMatch(/^\d{3}\*+\d{2}$/);
    });

    it('asks for a second tap when the person was not signed in', async () => {
      await signedIn('ivy');
      const other = stage.phone('ivy');
      const { page } = await other.launch(SHOP, PHONE);
      await page.fire('showPhone', other.wechat.pressPhoneButton());
      expect([page.data.phone, other.toasts]).toEqual([null, ['Please tap once more']]);
      await page.fire('showPhone', other.wechat.pressPhoneButton());
      expect(page.data.phone).toMatch(/^\d{3}\*+\d{2}$/);
    });
  });

  it('knows the same person on a new phone, and lists the old one until it is signed out', async () => {
    const old = await signedIn('jack');
    const fresh = await signedIn('jack');
    const { page } = await fresh.launch(SHOP);
    await page.fire('showDevices');
    expect(page.data.devices.map(({ current }: { current: boolean }) => current).toSorted()).toEqual([false, true]);

    const onOld = await old.launch(SHOP, MENU);
    await onOld.page.fire('order', { dataset: { item: 'noodles' } });
    expect(onOld.page.data.orders.map(({ item }: { item: string }) => item)).toEqual(['tea', 'tea', 'noodles']);

    const { id } = page.data.devices.find(({ current }: { current: boolean }) => !current);
    await page.fire('signOutDevice', { dataset: { id } });
    expect(page.data.devices).toHaveLength(1);
    await onOld.page.fire('order', { dataset: { item: 'tea' } });
    expect(old.takeAnswered().at(-1)).toEqual(['POST /v1/orders', 401]);
    expect(old.toasts).toEqual([expect.any(String)]);
  });
});
