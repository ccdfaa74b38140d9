import { createClient } from 'wechat-passport-client';
import { TestServer } from '../support/test-server.js';
import { WxPhone } from '../support/wx-runtime/wx-phone.js';

let server: TestServer;
beforeAll(async () => {
  server = await TestServer.start({}, { postgres: true });
});
afterAll(() => server.close());

it('signs in at launch', async () => {
  const phone = new WxPhone({ wechat: server.wechat, user: 'alice' });
  const client = createClient({ baseURL: server.url, platform: phone.wx, clock: phone.clock });
  const { data } = await client.request<{ userId: string }>({ url: '/v1/auth/session' });
  const user = await client.getUser();
  expect(data.userId).toBe(user.id);
  expect(phone.count('login')).toBe(1);
  expect(await client.refreshSession()).toBeTruthy();
});
