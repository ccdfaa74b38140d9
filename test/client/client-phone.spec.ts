import { AuthError, createClient, type ClientOptions } from 'wechat-passport-client';
import { TestServer } from '../support/test-server.js';
import { WxPhone } from '../support/wx-runtime/wx-phone.js';

let server: TestServer;
beforeAll(async () => {
  server = await TestServer.start({ REGISTRATION: 'on_phone' });
});
afterAll(() => server.close());

let people = 0;
const phoneOf = () => new WxPhone({ wechat: server.wechat, user: `caller-${(people += 1)}` });
const open = (phone: WxPhone, options: Partial<ClientOptions> = {}) =>
  createClient({ baseURL: server.url, platform: phone.wx, clock: phone.clock, ...options });
const codeOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'went well',
    (error: AuthError) => error.code,
  );
/** The calls from the last press of the phone button to the first upload after it. */
const untilUpload = (phone: WxPhone): string[] => {
  const pressed = phone.calls.lastIndexOf('(phone button)');
  const uploaded = phone.calls.indexOf('request', pressed);
  return phone.calls.slice(pressed + 1, uploaded === -1 ? undefined : uploaded);
};

describe.each([
  ['a code', false],
  ['encrypted data, as old base libraries do', true],
])('the phone button, when it gives %s', (_name, old) => {
  it('registers whoever the launch found unregistered, without wx.login in between', async () => {
    const phone = phoneOf();
    const client = open(phone);
    expect(await client.signIn()).toMatchObject({ status: 'unregistered' });
    expect(await codeOf(client.getUser())).toBe('REGISTRATION_REQUIRED');
    const signedIn = await client.signInWithPhone(phone.pressPhoneButton({ old }));
    expect(signedIn).toMatchObject({
      status: 'signed_in',
      isNewUser: true,
      user: { phone: expect.stringContaining('*') },
    });
    expect(untilUpload(phone)).toEqual([]);
    expect(phone.count('login')).toBe(1);
    expect((await client.getUser()).id).toBe(signedIn.user.id);
  });

  it('links a number to somebody who is signed in, without wx.login in between', async () => {
    const phone = phoneOf();
    const client = open(phone);
    await client.signIn();
    await client.register(phone.pressPhoneButton({ old }));
    await client.prepareDecrypt();
    const number = { countryCode: '86', purePhoneNumber: `138${String(people).padStart(7, '0')}${old ? 1 : 2}` };
    const user = await client.linkPhone(phone.pressPhoneButton({ old, phone: number }));
    expect([user.phone!.slice(0, 3), untilUpload(phone), phone.count('login')]).toEqual(['138', [], 1]);
  });

  it('asks for another tap when the session has ended meanwhile, and that one is good', async () => {
    const phone = phoneOf();
    const client = open(phone);
    await client.signIn();
    const { user } = await client.register(phone.pressPhoneButton({ old }));
    await server.sql(`update sessions set idle_expires_at = now() - interval '1 second' where user_id = $1`, [user.id]);
    phone.clock.advance(7_200_000);
    expect(await codeOf(client.linkPhone(phone.pressPhoneButton({ old })))).toBe('TAP_AGAIN');
    expect(await codeOf(client.linkPhone(phone.pressPhoneButton({ old })))).toBe('went well');
    expect(untilUpload(phone)).toEqual([]);
  });
});

it('registers at once by a code after a launch without a sign-in, and asks for another tap by encrypted data', async () => {
  const [phone, old] = [phoneOf(), phoneOf()];
  const result = await open(phone, { autoLogin: false }).signInWithPhone(phone.pressPhoneButton());
  expect(result.isNewUser).toBe(true);
  server.wechat.wxLogin(old.options.user);
  const client = open(old, { autoLogin: false });
  expect(await codeOf(client.signInWithPhone(old.pressPhoneButton({ old: true })))).toBe('TAP_AGAIN');
  expect((await client.signInWithPhone(old.pressPhoneButton({ old: true }))).isNewUser).toBe(true);
});

it('finds out that the registration whose answer was lost has succeeded', async () => {
  const phone = phoneOf();
  const client = open(phone);
  await client.signIn();
  phone.net.network = (_request, carry) => carry().then(() => Promise.reject(new Error('')));
  expect(await codeOf(client.register(phone.pressPhoneButton()))).toBe('NETWORK_FAILED');
  phone.net.network = (_request, carry) => carry();
  expect(await client.register(phone.pressPhoneButton())).toMatchObject({ status: 'signed_in', isNewUser: false });
});

it('tells that a person refused the button', async () => {
  const client = open(phoneOf());
  const event = { detail: { errMsg: 'getPhoneNumber:fail user deny' } };
  expect(await codeOf(client.signInWithPhone(event))).toBe('PHONE_REFUSED');
});

describe('encrypted data', () => {
  const signedIn = async () => {
    const phone = phoneOf();
    const client = open(phone);
    await client.signIn();
    await client.register(phone.pressPhoneButton());
    return { phone, client };
  };

  it('is decrypted, from an event as well', async () => {
    const { phone, client } = await signedIn();
    expect((await client.decrypt<{ stepInfoList: unknown[] }>(phone.encrypted())).stepInfoList).toHaveLength(31);
    expect(await client.decrypt({ detail: phone.encrypted('userInfo') })).toMatchObject({ nickName: '微信用户' });
    expect(phone.count('login')).toBe(1);
  });

  it('stays readable when the page has prepared for it', async () => {
    const { phone, client } = await signedIn();
    server.wechat.phones.expireSessionKey(phone.options.user);
    phone.clock.advance(300_000);
    await client.prepareDecrypt();
    expect(phone.count('login')).toBe(2);
    await client.decrypt(phone.encrypted());
    expect(phone.count('login')).toBe(2);
  });

  it('asks for another tap when the key turns out to be another', async () => {
    const { phone, client } = await signedIn();
    server.wechat.phones.rotateSessionKey(phone.options.user);
    expect(await codeOf(client.decrypt(phone.encrypted()))).toBe('TAP_AGAIN');
    expect(await codeOf(client.decrypt(phone.encrypted()))).toBe('went well');
  });

  it('costs few questions to WeChat', async () => {
    const { phone, client } = await signedIn();
    for (let page = 0; page < 20; page += 1) await client.prepareDecrypt();
    expect(phone.count('checkSession')).toBe(0);
    phone.clock.advance(300_000);
    await Promise.all(Array.from({ length: 20 }, () => client.checkSession()));
    for (let page = 0; page < 20; page += 1) await client.prepareDecrypt();
    expect(phone.count('checkSession')).toBe(1);
  });
});

it('does not make somebody else of a person who came without WeChat', async () => {
  const phone = phoneOf();
  const client = open(phone, { autoLogin: false });
  const heard: string[] = [];
  client.onAuthStateChange((event) => heard.push(event));
  const stored = phone.wx.getStorageSync('wechat-passport') as string;
  const user = { id: 'u', identities: [{ id: 'i', kind: 'username' }] };
  const session = {
    refreshToken: 'gone',
    nonce: 'n'.repeat(24),
    accessToken: 'gone',
    receivedAt: 0,
    expiresAt: 1,
    user,
    conflicts: 0,
  };
  phone.wx.setStorageSync('wechat-passport', JSON.stringify({ ...JSON.parse(stored), session }));
  expect(await codeOf(client.getUser())).toBe('SIGN_IN_REQUIRED');
  expect([phone.count('login'), heard]).toEqual([0, ['INITIAL_SESSION', 'SIGNED_OUT']]);
});
