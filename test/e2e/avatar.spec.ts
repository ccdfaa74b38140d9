import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { expectProblem } from '../support/problems.js';
import { TestServer, type Answer } from '../support/test-server.js';
import { IMAGE_TYPES, formOf, imageOf, uploadAvatar } from '../support/uploads.js';

const AVATAR = '/v1/users/me/avatar';
const TWO_MB = 2 * 1024 * 1024;

let server: TestServer;
beforeAll(async () => {
  server = await TestServer.start();
});
afterAll(() => server.close());

const tokenOf = async (user: string): Promise<string> => (await server.signIn(user)).body.tokens.accessToken as string;
const pathOf = (answer: Answer): string => new URL(answer.body.avatarUrl as string).pathname;
const kept = async (): Promise<number> =>
  (await server.sql<{ kept: number }>('select count(*)::int as kept from avatars'))[0]!.kept;

async function fetched(path: string): Promise<{ response: Response; bytes: Buffer }> {
  const response = await fetch(server.url + path);
  return { response, bytes: Buffer.from(await response.arrayBuffer()) };
}

describe('an avatar', () => {
  it.each(IMAGE_TYPES)('of type %s is shown to anybody as what its bytes are, whatever its label was', async (type) => {
    const token = await tokenOf(`of-${type}`);
    const image = imageOf(type);
    const answer = await uploadAvatar(server, token, image, 'text/html');
    expect(answer.status).toBe(200);
    expect(answer.body.avatarUrl).toMatch(
      /^http:\/\/passport\.test\/v1\/avatars\/[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
    );
    const { response, bytes } = await fetched(pathOf(answer));
    expect(response.status).toBe(200);
    expect(bytes.equals(image)).toBe(true);
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'content-type': type,
      'content-length': String(image.length),
      'content-disposition': 'inline',
      'content-security-policy': "default-src 'none'; sandbox",
      'cache-control': expect.stringMatching(/^public, max-age=\d+, immutable$/),
      'x-content-type-options': 'nosniff',
    });
    expect((await server.get('/v1/users/me', { token })).body.avatarUrl).toBe(answer.body.avatarUrl);
  });

  it('may have 2 MB, and not a byte more', async () => {
    const token = await tokenOf('large');
    const answer = await uploadAvatar(server, token, imageOf('image/png', TWO_MB));
    expect(answer.status).toBe(200);
    expect((await fetched(pathOf(answer))).bytes).toHaveLength(TWO_MB);
    expectProblem(await uploadAvatar(server, token, imageOf('image/png', TWO_MB + 1)), 'PAYLOAD_TOO_LARGE');
    expect((await server.get('/v1/users/me', { token })).body.avatarUrl).toBe(answer.body.avatarUrl);
  });

  it('replaces the one before, which is gone', async () => {
    const token = await tokenOf('changing');
    const first = await uploadAvatar(server, token, imageOf('image/gif'));
    const before = await kept();
    const second = await uploadAvatar(server, token, imageOf('image/gif'));
    expect(second.body.avatarUrl).not.toBe(first.body.avatarUrl);
    expect(await kept()).toBe(before);
    expectProblem(await server.get(pathOf(first)), 'NOT_FOUND');
    expect((await fetched(pathOf(second))).response.status).toBe(200);
  });

  it('is the one of two uploads at once that the profile names, and it alone is kept', async () => {
    const token = await tokenOf('twice');
    const before = await kept();
    const uploads = await Promise.all([0, 1, 2, 3].map(() => uploadAvatar(server, token, imageOf('image/webp'))));
    expect(uploads.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    const me = await server.get('/v1/users/me', { token });
    expect((await fetched(pathOf(me))).response.status).toBe(200);
    expect(await kept()).toBe(before + 1);
  });

  it('can be removed', async () => {
    const token = await tokenOf('removing');
    const uploaded = await uploadAvatar(server, token, imageOf('image/png'));
    const { status, body } = await server.request('PUT', '/v1/users/me', { token, body: { avatarUrl: null } });
    expect([status, body.avatarUrl]).toEqual([200, null]);
    expectProblem(await server.get(pathOf(uploaded)), 'NOT_FOUND');
  });

  it('leaves in the audit log that it was changed', async () => {
    const { body } = await server.signIn('audited');
    await uploadAvatar(server, body.tokens.accessToken as string, imageOf('image/png'));
    const events = await server.sql(
      `select fields, actor_kind from audit_events where user_id = $1 and event = 'profile_changed'`,
      [body.user.id],
    );
    expect(events).toEqual([{ fields: ['avatar'], actor_kind: 'user' }]);
  });

  it('answers 404 for an id that nobody has, and nothing may cache that', async () => {
    const answer = await server.get('/v1/avatars/018f0000-0000-7000-8000-000000000000');
    expectProblem(answer, 'NOT_FOUND');
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expectProblem(await server.get('/v1/avatars/no-id'), 'VALIDATION_FAILED');
  });
});

describe('an upload that is none', () => {
  const image = imageOf('image/png');
  const file = { name: 'file', filename: 'a.png', type: 'image/png' };

  it.each<[string, Parameters<typeof formOf>[0]]>([
    ['HTML in the clothes of an image', [{ ...file, bytes: '<html><script>alert(1)</script>' }]],
    ['an SVG', [{ ...file, type: 'image/svg+xml', bytes: '<svg xmlns="http://www.w3.org/2000/svg"/>' }]],
    ['an empty file', [{ ...file, bytes: '' }]],
    ['a file that ends within the magic bytes', [{ ...file, bytes: image.subarray(0, 7) }]],
    ['an archive that begins as WebP does', [{ ...file, bytes: Buffer.from('RIFF....WAVEfmt ') }]],
    ['no part at all', []],
    ['a field in place of a file', [{ name: 'file', bytes: 'text' }]],
    ['a file in another field', [{ ...file, name: 'avatar', bytes: image }]],
    ['a file in a field named like a member of every object', [{ ...file, name: '__proto__', bytes: image }]],
  ])('is refused: %s', async (_what, parts) => {
    const token = await tokenOf('uploader');
    const before = await kept();
    expectProblem(await server.request('POST', AVATAR, { token, ...formOf(parts) }), 'VALIDATION_FAILED');
    expect(await kept()).toBe(before);
  });

  it('is no loss when fields come along, as wx.uploadFile sends them', async () => {
    const token = await tokenOf('uploader');
    const form = formOf([
      { name: 'scene', bytes: 'profile' },
      { ...file, bytes: image },
    ]);
    expect((await server.request('POST', AVATAR, { token, ...form })).status).toBe(200);
  });

  it.each<[string, Record<string, string>, string | Buffer]>([
    ['JSON', { 'content-type': 'application/json' }, '{}'],
    ['the image alone', { 'content-type': 'image/png' }, image],
    ['no boundary', { 'content-type': 'multipart/form-data' }, image],
    ['no part within the boundaries', { 'content-type': 'multipart/form-data; boundary=x' }, image],
    ['a form cut off', { 'content-type': 'multipart/form-data; boundary=x' }, '--x\r\nContent-Disp'],
    ['multipart of another kind', { 'content-type': 'multipart/mixed; boundary=x' }, image],
  ])('is refused as a body: %s', async (_what, headers, rawBody) => {
    expectProblem(
      await server.request('POST', AVATAR, { token: await tokenOf('uploader'), headers, rawBody }),
      'VALIDATION_FAILED',
    );
  });

  it('is refused before it is read without an access token', async () => {
    expectProblem(await server.request('POST', AVATAR, formOf([{ ...file, bytes: image }])), 'ACCESS_TOKEN_MISSING');
  });

  it('is refused wherever no upload is expected', async () => {
    const token = await tokenOf('uploader');
    const form = formOf([{ ...file, bytes: image }]);
    for (const path of ['/v1/users/me/phone', '/v1/users/me']) {
      expectProblem(await server.request('PUT', path, { token, ...form }), 'VALIDATION_FAILED');
    }
    expectProblem(await server.request('POST', '/v1/auth/logout', { token, ...form }), 'VALIDATION_FAILED');
    expect((await server.get('/v1/users/me', { token })).status).toBe(200);
  });

  it('too large is refused while most of it is still to come, and the connection ends', async () => {
    const token = await tokenOf('endless');
    const boundary = 'x';
    const request = httpRequest(server.url + AVATAR, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': `multipart/form-data; boundary=${boundary}` },
    });
    // It breaks when the server hangs up.
    request.on('error', () => undefined);
    const answered = once(request, 'response') as Promise<[IncomingMessage]>;
    request.write(`--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n`);
    request.write(imageOf('image/png', TWO_MB + 1024));
    const [response] = await answered;
    expect([response.statusCode, response.headers.connection]).toEqual([413, 'close']);
    request.destroy();
  });
});
