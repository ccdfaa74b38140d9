import { createHash, generateKeyPairSync } from 'node:crypto';
import { SANDBOX_APPS } from '../../src/config/sandbox-apps.js';
import { freePort } from '../support/cli-run.js';
import { eventually } from '../support/eventually.js';
import { Forge, es256 } from '../support/signing-forge.js';
import { TestServer } from '../support/test-server.js';
import { APACHE_PACKAGES, hasApache, startApache, type ApacheServer } from './apache-server.js';

const SECRET = 'secret-of-apache';
const secretHash = `sha256:${createHash('sha256').update(SECRET).digest('hex')}`;
const now = () => Math.floor(Date.now() / 1000);

const SKIPPED = `SKIPPED: Apache as a resource server is not tested here. Install ${APACHE_PACKAGES.join(' and ')}.`;
if (!hasApache) console.warn(SKIPPED);

// Every way in which its module can find out whether a token is good.
const WAYS = ['jwks', 'metadata', 'introspect'] as const;

(hasApache ? describe : describe.skip)(`Apache as a resource server${hasApache ? '' : ` (${SKIPPED})`}`, () => {
  let server: TestServer;
  let apache: ApacheServer;
  let forge: Forge;
  beforeAll(async () => {
    const PORT = await freePort();
    const issuer = `http://127.0.0.1:${PORT}`;
    server = await TestServer.start({
      PORT,
      PUBLIC_URL: issuer,
      OAUTH_CLIENTS: JSON.stringify([{ clientId: 'apache', secretHash, appIds: [SANDBOX_APPS[0]!.appId] }]),
      RATE_LIMIT: 'off',
    });
    forge = await Forge.at(server);
    // An hour: longer than that no token here is old.
    const required = 'verify.exp=required&verify.iat=required&verify.iat.slack_before=3600';
    const credentials = `introspect.auth=client_secret_basic&client_id=apache&client_secret=${SECRET}`;
    apache = await startApache(
      {
        jwks: `jwks_uri ${issuer}/.well-known/jwks.json ${required}`,
        metadata: `metadata ${issuer}/.well-known/oauth-authorization-server ${required}`,
        introspect: `introspect ${issuer}/oauth/introspect ${credentials}&expiry=1`,
      },
      { iss: issuer, aud: issuer },
    );
  }, 60_000);
  afterAll(async () => {
    await apache?.stop();
    await server?.close();
  });

  const visit = async (way: string, token?: string) => {
    const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` };
    const answer = await fetch(`${apache.url}/${way}/`, { headers });
    return { status: answer.status, challenge: answer.headers.get('www-authenticate'), text: await answer.text() };
  };

  describe.each(WAYS)('by %s', (way) => {
    it('serves its page to our access token', async () => {
      for (const token of [forge.mine.accessToken, forge.token()]) {
        const { status, text } = await visit(way, token);
        if (status !== 200) console.error(apache.log());
        expect({ status, text }).toEqual({ status: 200, text: `the page of ${way}\n` });
      }
    });

    it('asks for a token where none came', async () => {
      expect(await visit(way)).toMatchObject({ status: 401, challenge: expect.stringMatching(/^Bearer/) });
    });

    it.each<[string, () => string]>([
      ['what is no token', () => 'x'],
      ['an expired one', () => forge.token({ iat: now() - 3000, exp: now() - 1 })],
      ['one without signature', () => forge.signedBy(() => '', { alg: 'none' })],
      ['one signed with zeros', () => forge.signedBy(() => Buffer.alloc(64))],
      ['one signed with a foreign key', () => forge.signedBy((text) => es256(text, foreignKey()))],
      ['one that was changed', () => changed(forge)],
      ['one of another issuer', () => forge.token({ iss: 'http://elsewhere.test' })],
      ['one for another audience', () => forge.token({ aud: 'http://elsewhere.test' })],
      ['a refresh token', () => forge.mine.refreshToken],
    ])('refuses %s', async (_what, token) => {
      const { status, text } = await visit(way, token());
      expect(status).toBe(401);
      expect(text).not.toContain('the page');
    });
  });

  it('sees by introspection that a session has ended', async () => {
    const token = forge.other.accessToken;
    expect((await visit('introspect', token)).status).toBe(200);
    await server.post('/v1/auth/logout', {}, { token });
    // It remembers an answer for a second.
    await eventually('refusal', async () => (await visit('introspect', token)).status === 401);
  });
});

const foreignKey = () => generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;

/** The claims of one token under the signature of another. */
function changed(forge: Forge): string {
  const [header, payload] = forge.token({ roles: ['admin'] }).split('.');
  return `${header}.${payload}.${forge.token().split('.')[2]}`;
}
