import { SANDBOX_APPS } from '../../src/config/sandbox-apps.js';
import { TestServer } from '../support/test-server.js';

const [APP_ONE, APP_TWO] = SANDBOX_APPS.map((app) => app.appId) as [string, string];

describe('signing in with WeChat', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await TestServer.start();
  });
  afterAll(() => server.close());

  it('creates the user once, and finds them the next time', async () => {
    const first = await server.signIn('alice');
    const second = await server.signIn('alice');
    expect(first.status).toBe(200);
    expect(first.body).toMatchObject({ status: 'signed_in', isNewUser: true });
    expect(second.body).toMatchObject({ status: 'signed_in', isNewUser: false, user: { id: first.body.user.id } });
  });

  it('knows one person in two apps of one Open Platform account', async () => {
    const one = await server.signIn('bob', { appId: APP_ONE });
    const two = await server.signIn('bob', { appId: APP_TWO });
    expect(two.body).toMatchObject({ isNewUser: false, user: { id: one.body.user.id } });
  });

  it('attaches a unionid that arrives later, without changing who the user is', async () => {
    server.wechat.createUser({ id: 'carol', unionid: false });
    const before = await server.signIn('carol');
    server.wechat.createUser({ id: 'carol', unionid: true });
    const after = await server.signIn('carol');
    expect(before.body.user.identities).toHaveLength(1);
    expect(after.body.user.id).toBe(before.body.user.id);
    expect(after.body.user.identities).toHaveLength(2);
  });

  it('tells the caller nothing of WeChat', async () => {
    const { body } = await server.signIn('dave');
    const { openids } = server.wechat.createUser({ id: 'dave' });
    const sessionKey = server.wechat.sessionKey('dave', APP_ONE)!;
    const payload = Buffer.from(body.tokens.accessToken.split('.')[1], 'base64url').toString();
    for (const secret of [...Object.values(openids), sessionKey]) {
      expect(JSON.stringify(body)).not.toContain(secret);
      expect(payload).not.toContain(secret);
    }
  });
});
