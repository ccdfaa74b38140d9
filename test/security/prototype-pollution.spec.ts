import { runInThisContext } from 'node:vm';
import { HostileCast, formOperations, jsonOperations } from '../support/hostile-cast.js';
import { titleOf, type Operation } from '../support/openapi.js';
import { APP_ONE, aboutData, deliver, signed } from '../support/pushes.js';

// A name that nothing has unless somebody gave it to everything.
const MARK = 'polluted';

// Jest runs the server in a realm of its own, and Node's own modules in another; a careless merge may hit either.
const PROTOTYPES = ['Object.prototype', 'Array.prototype', 'Function.prototype', 'String.prototype'].flatMap(
  (expression) => [runInThisContext(expression) as object, prototypeHere(expression)],
);

function prototypeHere(expression: string): object {
  const [name] = expression.split('.') as [string];
  return (globalThis as unknown as Record<string, { prototype: object }>)[name]!.prototype;
}

function isPolluted(): boolean {
  return PROTOTYPES.some((prototype) => MARK in prototype) || MARK in {};
}

/** As text, because an object literal would not keep `__proto__`. */
const POISON = [
  `"__proto__":{"${MARK}":"yes"}`,
  `"\\u005f\\u005fproto__":{"${MARK}":"yes"}`,
  `"constructor":{"prototype":{"${MARK}":"yes"}}`,
  `"prototype":{"${MARK}":"yes"}`,
  `"__proto__.${MARK}":"yes"`,
  `"__proto__[${MARK}]":"yes"`,
  `"constructor.prototype.${MARK}":"yes"`,
  `"device":{"__proto__":{"${MARK}":"yes"}}`,
  `"device":{"constructor":{"prototype":{"${MARK}":"yes"}}}`,
  `"device":{"name":{"__proto__":{"${MARK}":"yes"}}}`,
  `"device":[{"__proto__":{"${MARK}":"yes"}}]`,
  `"consent":{"__proto__":{"${MARK}":"yes"}}`,
];

const POISONED_PARAMETERS = [
  `__proto__[${MARK}]=yes`,
  `__proto__.${MARK}=yes`,
  `constructor[prototype][${MARK}]=yes`,
  `constructor.prototype.${MARK}=yes`,
  `__proto__=yes&${MARK}=yes`,
  `a[__proto__][${MARK}]=yes`,
  `__proto__%5B${MARK}%5D=yes`,
  `__proto__[]=${MARK}`,
];

const POISONED_HEADERS: Readonly<Record<string, string>> = {
  ['__proto__']: MARK,
  constructor: `{"prototype":{"${MARK}":"yes"}}`,
  prototype: MARK,
  cookie: `__proto__=${MARK}; __proto__[${MARK}]=yes; constructor=${MARK}`,
  'x-forwarded-for': '__proto__',
  forwarded: `__proto__=${MARK}`,
  'accept-language': `__proto__;q=1, ${MARK};__proto__=1`,
};

const POISONED_XML = [
  `<xml><__proto__><${MARK}>yes</${MARK}></__proto__></xml>`,
  `<xml><constructor><prototype><${MARK}>yes</${MARK}></prototype></constructor></xml>`,
  `<xml><MsgType>event</MsgType><__proto__ ${MARK}="yes"/></xml>`,
  `<__proto__><${MARK}>yes</${MARK}></__proto__>`,
];

let cast: HostileCast;
beforeAll(async () => {
  cast = await HostileCast.start();
});
afterAll(() => cast.close());
afterEach(() => expect(isPolluted()).toBe(false));

const send = (operation: Operation, path: string, options: { rawBody?: string; headers?: Record<string, string> }) =>
  cast.send(operation, path, cast.credentialFor(operation), options);

it('would be seen', () => {
  for (const prototype of PROTOTYPES) {
    Object.defineProperty(prototype, MARK, { value: 'yes', configurable: true });
    const seen = isPolluted();
    delete (prototype as Record<string, unknown>)[MARK];
    expect(seen).toBe(true);
  }
});

describe('what every object inherits stays as it is', () => {
  it('after poisoned bodies on every route that takes JSON, all of which are refused', async () => {
    for (const operation of jsonOperations(cast.api)) {
      const [, good = ''] = /^\{(.*)\}$/.exec(JSON.stringify(cast.body(operation)))!;
      for (const poison of POISON) {
        const rawBody = `{${[good, poison].filter(Boolean).join(',')}}`;
        const headers = { 'content-type': 'application/json' };
        const { status, body } = await send(operation, cast.path(operation), { rawBody, headers });
        expect([titleOf(operation), poison, status, body.code]).toEqual([
          titleOf(operation),
          poison,
          400,
          'VALIDATION_FAILED',
        ]);
      }
    }
  });

  it('after poisoned forms', async () => {
    for (const operation of formOperations(cast.api)) {
      for (const parameters of POISONED_PARAMETERS) {
        const rawBody = `token=unknown&grant_type=refresh_token&refresh_token=unknown&${parameters}`;
        const headers = { 'content-type': operation.body!.type };
        expect((await send(operation, cast.path(operation), { rawBody, headers })).status).toBeLessThan(500);
      }
    }
  });

  it('after poisoned query strings and headers on every route', async () => {
    for (const operation of cast.api.operations) {
      const path = cast.path(operation);
      const statuses: number[] = [];
      for (const parameters of POISONED_PARAMETERS) {
        statuses.push((await send(operation, `${path}?${parameters}`, {})).status);
      }
      for (const [name, value] of Object.entries(POISONED_HEADERS)) {
        statuses.push((await send(operation, path, { headers: { [name]: value } })).status);
      }
      expect([titleOf(operation), ...statuses.filter((status) => status >= 500)]).toEqual([titleOf(operation)]);
    }
  });

  it('after poisoned pushes, signed as WeChat signs them', async () => {
    const statuses: number[] = [];
    for (const poison of POISON) {
      const message = JSON.parse(`{${poison}}`) as object;
      const event = aboutData('user_info_modified', cast.user);
      const poisoned = Object.fromEntries([...Object.entries(event), ...Object.entries(message)]) as typeof event;
      for (const secure of [true, false]) {
        statuses.push((await deliver(cast.server, signed(poisoned, { secure }))).status);
      }
    }
    for (const body of POISONED_XML) {
      const push = signed(aboutData('user_info_modified', cast.user), { secure: false, format: 'xml' });
      statuses.push((await deliver(cast.server, { ...push, body }, APP_ONE.appId)).status);
    }
    expect(statuses.filter((status) => status >= 500)).toEqual([]);
  });
});
