import { TestServer, type Answer } from '../support/test-server.js';

const device = (id: string) => ({ device: { id, name: `phone ${id}`, platform: 'ios' } });

describe('sessions as devices', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await TestServer.start({ SESSIONS_PER_USER: '3' });
  });
  afterAll(() => server.close());

  const whoAmI = (signedIn: Answer) => server.get('/v1/auth/session', { token: signedIn.body.tokens.accessToken });
  const refresh = (signedIn: Answer) =>
    server.post('/v1/auth/refresh', { refreshToken: signedIn.body.tokens.refreshToken });

  it('lists the live ones, the newest first, and marks the caller', async () => {
    await server.signIn('lister', device('device-1'));
    const second = await server.signIn('lister', device('device-2'));
    const { status, body } = await server.get('/v1/auth/sessions', { token: second.body.tokens.accessToken });
    expect(status).toBe(200);
    expect(body.sessions).toEqual([
      expect.objectContaining({ deviceName: 'phone device-2', devicePlatform: 'ios', current: true }),
      expect.objectContaining({ deviceName: 'phone device-1', current: false }),
    ]);
  });

  it('replaces the session of a device that signs in again', async () => {
    const first = await server.signIn('again', device('device-1'));
    const second = await server.signIn('again', device('device-1'));
    expect((await whoAmI(first)).body).toMatchObject({ code: 'SESSION_EXPIRED', remedy: 'login-again' });
    expect((await refresh(first)).body).toMatchObject({ code: 'SESSION_EXPIRED', remedy: 'login-again' });
    expect((await whoAmI(second)).status).toBe(200);
  });

  it('keeps the same device id of another person or another app apart', async () => {
    const mine = await server.signIn('mine', device('shared-device'));
    await server.signIn('yours', device('shared-device'));
    await server.signIn('mine', { ...device('shared-device'), appId: 'wxsandbox000000002' });
    expect((await whoAmI(mine)).status).toBe(200);
  });

  it('ends the session refreshed the longest time ago when there are too many', async () => {
    const one = await server.signIn('many', device('device-1'));
    const two = await server.signIn('many', device('device-2'));
    const three = await server.signIn('many', device('device-3'));
    const oneAgain = await refresh(one);
    await server.signIn('many', device('device-4'));
    expect((await whoAmI(two)).body).toMatchObject({ code: 'SESSION_EXPIRED' });
    expect((await whoAmI(one)).status).toBe(200);
    expect((await whoAmI(three)).status).toBe(200);
    expect(oneAgain.status).toBe(200);
  });

  it('signs out one device from another, and only devices of the caller', async () => {
    const lost = await server.signIn('owner', device('device-1'));
    const held = await server.signIn('owner', device('device-2'));
    const stranger = await server.signIn('stranger', device('device-1'));
    const { sessionId } = (await whoAmI(lost)).body;

    const foreign = await server.request('DELETE', `/v1/auth/sessions/${sessionId}`, {
      token: stranger.body.tokens.accessToken,
    });
    expect(foreign.body).toMatchObject({ status: 404, code: 'NOT_FOUND' });
    expect((await whoAmI(lost)).status).toBe(200);

    const own = await server.request('DELETE', `/v1/auth/sessions/${sessionId}`, {
      token: held.body.tokens.accessToken,
    });
    expect(own.status).toBe(204);
    expect((await whoAmI(lost)).body).toMatchObject({ status: 401, code: 'SESSION_REVOKED', remedy: 'ask-user' });
    expect((await refresh(lost)).body).toMatchObject({ status: 401, code: 'SESSION_REVOKED', remedy: 'ask-user' });
    expect((await whoAmI(held)).status).toBe(200);
  });

  it.each(['not-a-uuid', '00000000-0000-0000-0000-00000000000g', '%27'])('refuses the session id %s', async (id) => {
    const { body } = await server.signIn('picky');
    const answer = await server.request('DELETE', `/v1/auth/sessions/${id}`, { token: body.tokens.accessToken });
    expect(answer.body).toMatchObject({ status: 400, code: 'VALIDATION_FAILED' });
  });

  it('signs out the others, or everybody', async () => {
    const one = await server.signIn('everywhere', device('device-1'));
    const two = await server.signIn('everywhere', device('device-2'));
    const others = await server.post('/v1/auth/logout', { scope: 'others' }, { token: two.body.tokens.accessToken });
    expect(others.status).toBe(204);
    expect((await whoAmI(one)).body.code).toBe('SESSION_REVOKED');
    expect((await whoAmI(two)).status).toBe(200);

    const all = await server.post('/v1/auth/logout', { scope: 'global', refreshToken: two.body.tokens.refreshToken });
    expect(all.status).toBe(204);
    expect((await whoAmI(two)).body.code).toBe('SESSION_REVOKED');
  });

  it('signs out with a refresh token of any generation, twice, without an access token', async () => {
    const signedIn = await server.signIn('old-token');
    const next = await refresh(signedIn);
    await server.post('/v1/auth/refresh', { refreshToken: next.body.refreshToken });
    for (let time = 0; time < 2; time += 1) {
      const { refreshToken } = signedIn.body.tokens;
      expect((await server.post('/v1/auth/logout', { refreshToken })).status).toBe(204);
    }
    expect((await whoAmI(signedIn)).body.code).toBe('SESSION_REVOKED');
  });

  it('ends nothing else with the refresh token of a dead session', async () => {
    const dead = await server.signIn('zombie', device('device-1'));
    const alive = await server.signIn('zombie', device('device-2'));
    await server.post('/v1/auth/logout', { refreshToken: dead.body.tokens.refreshToken });
    const answer = await server.post('/v1/auth/logout', {
      refreshToken: dead.body.tokens.refreshToken,
      scope: 'global',
    });
    expect(answer.body.code).toBe('SESSION_REVOKED');
    expect((await whoAmI(alive)).status).toBe(200);
  });
});
