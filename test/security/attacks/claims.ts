import type { ErrorCode } from '../../../src/errors/catalog.js';
import type { Forge } from '../../support/signing-forge.js';
import { show, type Attack } from './attack.js';

const ISSUER = 'http://passport.test';
const UUID = '0190a0a0-0000-7000-8000-000000000000';
const now = () => Math.floor(Date.now() / 1000);
const DAY = 86_400;

const NO_TEXT = [undefined, null, '', 1, true, {}];

/** Values that a claim must not have. */
const WRONG: Readonly<Record<string, readonly unknown[]>> = {
  iss: [
    ...NO_TEXT,
    [ISSUER],
    `${ISSUER}/`,
    ISSUER.toUpperCase(),
    `${ISSUER} `,
    'http://elsewhere.test',
    'passport.test',
  ],
  aud: [
    ...NO_TEXT,
    `${ISSUER}/`,
    `${ISSUER}.evil.test`,
    'http://elsewhere.test',
    [],
    ['http://elsewhere.test'],
    ['http://elsewhere.test', `${ISSUER}/v1`],
    [[ISSUER]],
    [null],
    { [ISSUER]: true },
  ],
  sub: [...NO_TEXT, 'alice', [UUID], `{${UUID}}`, `${UUID}\n`, `${UUID}' or true --`, UUID.replaceAll('-', '')],
  sid: [...NO_TEXT, 'session', [UUID], `{${UUID}}`, `${UUID}\n`, `${UUID}' or true --`, UUID.replaceAll('-', '')],
  jti: [undefined, null, 1, true, {}, ['x']],
  iat: [undefined, null, '', true, {}, '2026-01-01T00:00:00Z'],
  exp: [undefined, null, '', true, {}, '2099-01-01T00:00:00Z', 1e300],
  client_id: [...NO_TEXT, ['wxsandbox000000001']],
  roles: [undefined, null, '', 'admin', 1, {}, { 0: 'admin', length: 1 }, [1], [null], [['admin']], ['staff', {}]],
  nbf: ['soon', {}],
};

const changed = (name: string, claims: () => Record<string, unknown>, code?: ErrorCode): Attack => ({
  name,
  token: (forge) => forge.token(claims()),
  ...(code ? { code } : {}),
});

/** Well signed; the payload is this text. */
const spelled = (name: string, text: (forge: Forge) => string | Buffer): Attack => ({
  name,
  token: (forge) => forge.ofTexts(JSON.stringify(forge.header()), text(forge)),
});

/** All of them are well signed, with our own key: only what they say is wrong. */
export const CLAIM_ATTACKS: readonly Attack[] = [
  ...Object.entries(WRONG).flatMap(([claim, values]) =>
    values.map((value) => changed(`with ${claim} ${show(value)}`, () => ({ [claim]: value }))),
  ),
  ...(['iat', 'exp'] as const).flatMap((claim) => [
    changed(`with ${claim} as text`, () => ({ [claim]: String(now() + 60) })),
    changed(`with ${claim} in a list`, () => ({ [claim]: [now() + 60] })),
    changed(`with ${claim} and half a second`, () => ({ [claim]: now() + 60.5 })),
  ]),
  changed('that is not valid yet', () => ({ nbf: now() + 3600 })),
  changed('of another server altogether', () => ({ iss: 'http://elsewhere.test', aud: 'http://elsewhere.test' })),
  changed('that lives longer than any', () => ({ exp: now() + 400 * DAY })),
  changed('that expires after the end of time', () => ({ exp: Number.MAX_SAFE_INTEGER })),
  changed('that will be issued tomorrow', () => ({ iat: now() + DAY, exp: now() + DAY + 3600 })),
  changed('that expires before it is issued', () => ({ iat: now() + 120, exp: now() + 60 })),

  changed('that expired a second ago', () => ({ iat: now() - 3601, exp: now() - 1 }), 'ACCESS_TOKEN_EXPIRED'),
  changed('that expires this second', () => ({ iat: now() - 3600, exp: now() }), 'ACCESS_TOKEN_EXPIRED'),
  changed('that expired in 1970', () => ({ iat: 0, exp: 1 }), 'ACCESS_TOKEN_EXPIRED'),
  changed('that was issued before 1970', () => ({ iat: -1 }), 'ACCESS_TOKEN_EXPIRED'),
  changed('that is older than its lifetime', () => ({ iat: now() - 7300 }), 'ACCESS_TOKEN_EXPIRED'),

  spelled('whose payload is no JSON', () => 'sub=alice'),
  spelled('whose payload is cut off', (forge) => JSON.stringify(forge.claims()).slice(0, -1)),
  spelled('whose payload is null', () => 'null'),
  spelled('whose payload is true', () => 'true'),
  spelled('whose payload is a number', () => '1'),
  spelled('whose payload is text', () => '"alice"'),
  spelled('whose payload is a list', () => '[]'),
  spelled('whose payload is good claims in a list', (forge) => JSON.stringify([forge.claims()])),
  spelled('whose payload is good claims as text', (forge) => JSON.stringify(JSON.stringify(forge.claims()))),
  spelled('whose payload is empty', () => '{}'),
  spelled('whose payload is bytes', () => Buffer.of(0xff, 0xfe, 0x00, 0x80)),
  spelled('whose payload is a token', (forge) => forge.token()),
  spelled('whose payload hides in __proto__', (forge) => `{"__proto__":${JSON.stringify(forge.claims())}}`),
  spelled('whose payload is a thousand brackets', () => `${'['.repeat(1000)}${']'.repeat(1000)}`),
];
