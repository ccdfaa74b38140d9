import { closeTable } from '../support/table-gate.js';
import { createTestDatabase, describeOnPostgres, type TestDatabase } from '../support/test-database.js';
import { TestServer } from '../support/test-server.js';

const FIRST = { countryCode: '86', purePhoneNumber: '13800000001' };
const SECOND = { countryCode: '86', purePhoneNumber: '13800000002' };

describeOnPostgres('somebody who registers by a number that its holder gives up at that moment', () => {
  let database: TestDatabase;
  let server: TestServer;
  beforeAll(async () => {
    database = await createTestDatabase();
    server = await TestServer.start({}, { database });
    ['holder', 'heir'].forEach((id) => server.wechat.createUser({ id, unionid: false }));
  });
  afterAll(async () => {
    await server.close();
    await database.drop();
  });

  it('gets an account of their own, and the holder keeps the new number', async () => {
    const holder = (await server.signIn('holder')).body;
    const bind = (phone: typeof FIRST) =>
      server.request('PUT', '/v1/users/me/phone', {
        token: holder.tokens.accessToken as string,
        body: { code: server.wechat.phones.pressPhoneButton('holder', { phone }).code },
      });
    expect((await bind(FIRST)).status).toBe(200);
    const { ticket } = (await server.signIn('heir', { createUser: false })).body;
    const phoneCode = server.wechat.phones.pressPhoneButton('heir', { phone: FIRST }).code;

    // The registration has found the holder by then, and has changed nothing yet.
    const gate = await closeTable(database.url, 'registration_tickets', 'share');
    const registration = server.post('/v1/auth/wechat/register', { ticket, phoneCode });
    await gate.untilSomebodyWaits();
    const bound = await bind(SECOND);
    await gate.open();
    const registered = await registration;

    expect([bound.status, bound.body.phone]).toEqual([200, '138******02']);
    expect([registered.status, registered.body.isNewUser]).toEqual([200, true]);
    expect(registered.body.user.id).not.toBe(holder.user.id);
    expect(registered.body.user.phone).toBe('138******01');
    const me = (await server.get('/v1/users/me', { token: holder.tokens.accessToken as string })).body;
    expect(me).toEqual(bound.body);
  });
});
