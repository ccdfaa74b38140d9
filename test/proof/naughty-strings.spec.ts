import { answerFaults, echoesOf } from '../support/answer-faults.js';
import { HostileCast, encodeBody } from '../support/hostile-cast.js';
import { NAUGHTY_BYTES, NAUGHTY_STRINGS } from '../support/naughty-strings.js';
import { titleOf, type Operation, type Schema } from '../support/openapi.js';
import { sendRaw } from '../support/raw-http.js';
import { IN_FULL, PROOF_TIMEOUT_MS } from '../support/refresh-counts.js';
import type { Answer } from '../support/test-server.js';

// In the sample every string meets every tenth field, and every field meets a tenth of the strings.
const STRIDE = IN_FULL ? 1 : 20;
// Shorter ones stand in ordinary answers, too.
const TELLING_LENGTH = 5;
// These name things that answers name as well.
const OWN_WORDS = new Set(['undefined', 'constructor', 'prototype', '__proto__']);
const HEADERS = ['authorization', 'x-proof-code', 'accept-language', 'content-type', 'cookie', 'traceparent', 'sid'];

/** A place in a request that takes a text. */
interface Place {
  readonly name: string;
  readonly operation: Operation;
  readonly embed: (text: string) => Record<string, unknown>;
}

let cast: HostileCast;
let places: Place[];
beforeAll(async () => {
  cast = await HostileCast.start();
  places = cast.api.operations.filter(({ body }) => body).flatMap((operation) => placesOf(operation));
});
afterAll(() => cast.close());

const stringsFor = (index: number): string[] => NAUGHTY_STRINGS.filter((_text, n) => (n + index) % STRIDE === 0);

function faultsOf(operation: Operation | null, answer: Answer, text: string): string[] {
  const isTelling = text.length >= TELLING_LENGTH && !OWN_WORDS.has(text);
  const echoes = isTelling ? echoesOf(answer, [text]) : [];
  return [
    ...answerFaults(cast.api, operation, answer),
    ...echoes.map(() => 'it repeats what was sent'),
    ...(answer.headers.has('x-injected') ? ['a header was split'] : []),
  ];
}

describe('texts that have broken servers before', () => {
  it('are many, and no two of them the same', () => {
    expect(NAUGHTY_STRINGS.length).toBeGreaterThan(150);
  });

  it('would be noticed in a refusal that repeats them, in the body or in a header', () => {
    for (const text of NAUGHTY_STRINGS.filter(({ length }) => length >= TELLING_LENGTH)) {
      const refusal = { status: 400, headers: new Headers(), body: { detail: `"${text}" is not a phone number` } };
      expect(echoesOf(refusal, [text])).toEqual([text]);
    }
    const headers = new Headers({ 'www-authenticate': 'Bearer error="javascript:alert(1)"' });
    expect(echoesOf({ status: 401, headers, body: '' }, ['javascript:alert(1)'])).toHaveLength(1);
  });

  it(
    'are answered as documented in every text of every body, and never repeated in a refusal',
    async () => {
      expect(places.length).toBeGreaterThan(40);
      const faults: string[] = [];
      for (const [index, { name, operation, embed }] of places.entries()) {
        for (const text of stringsFor(index)) {
          const request = encodeBody(operation, embed(text));
          const answer = await cast.send(operation, cast.path(operation), cast.credentialFor(operation), request);
          faults.push(...faultsOf(operation, answer, text).map((fault) => `${name} ${JSON.stringify(text)}: ${fault}`));
        }
      }
      expect(faults).toEqual([]);
    },
    PROOF_TIMEOUT_MS,
  );

  it('are answered as documented as names of fields', async () => {
    const faults: string[] = [];
    for (const [index, operation] of cast.api.operations.filter(({ body }) => body).entries()) {
      for (const text of stringsFor(index)) {
        const request = encodeBody(operation, { ...cast.body(operation), [text]: text });
        const answer = await cast.send(operation, cast.path(operation), cast.credentialFor(operation), request);
        const found = faultsOf(operation, answer, text);
        faults.push(...found.map((fault) => `${titleOf(operation)} ${JSON.stringify(text)}: ${fault}`));
      }
    }
    // A name that looks like one may be shown: it tells the developer which field is not known.
    expect(faults.filter((fault) => !/"[A-Za-z]\w*": it repeats/.test(fault))).toEqual([]);
  });

  it('are answered as documented in the path', async () => {
    const faults: string[] = [];
    for (const operation of cast.api.operations.filter(({ path }) => path.includes('{'))) {
      for (const text of NAUGHTY_STRINGS) {
        const path = cast.path(operation, encodeURIComponent(Buffer.from(text).toString()));
        const answer = await cast.send(operation, path, cast.credentialFor(operation));
        const found = faultsOf(operation, answer, text);
        faults.push(...found.map((fault) => `${titleOf(operation)} ${JSON.stringify(text)}: ${fault}`));
      }
    }
    expect(faults).toEqual([]);
  });

  it('are answered as documented in a header, byte by byte', async () => {
    const operation = cast.api.get('GET /v1/users/me');
    const faults: string[] = [];
    for (const [index, name] of HEADERS.entries()) {
      for (const text of stringsFor(index)) {
        // A line break in a header is another header; that is what the client sent, and no fault of the server.
        const value = Buffer.from(text.replaceAll(/[\r\n]/g, ' ')).toString('latin1');
        const head = `GET /v1/users/me HTTP/1.1\r\nhost: x\r\nconnection: close\r\n${name}: `;
        const answer = await sendRaw(cast.server.url, Buffer.from(`${head}${value}\r\n\r\n`, 'latin1'));
        const found = faultsOf(operation, answer, text);
        faults.push(...found.map((fault) => `${name} ${JSON.stringify(text)}: ${fault}`));
      }
    }
    expect(faults).toEqual([]);
  });

  it('split no header, spelled in any way', async () => {
    const broken = ['%0d%0ax-injected:%201', '%0ax-injected:%201', '%E5%98%8A%E5%98%8Dx-injected:%201', '%250d%250a'];
    for (const operation of cast.api.operations) {
      for (const text of broken) {
        const path = `${cast.path(operation, text)}?echostr=${text}&x=${text}`;
        const answer = await cast.send(operation, path, cast.credentialFor(operation));
        expect([answer.headers.get('x-injected'), answer.status < 500]).toEqual([null, true]);
      }
    }
  });
});

describe('bytes that are no UTF-8', () => {
  it('are answered as documented in every text of every body', async () => {
    const faults: string[] = [];
    for (const [index, { name, operation, embed }] of places.entries()) {
      for (const bytes of NAUGHTY_BYTES.filter((_bytes, n) => (n + index) % STRIDE === 0)) {
        const { rawBody, headers } = encodeBody(operation, embed('MARK'));
        const [before, after] = rawBody.split('MARK') as [string, string];
        const body = Buffer.concat([Buffer.from(before), bytes, Buffer.from(after)]);
        const request = { rawBody: body, headers };
        const answer = await cast.send(operation, cast.path(operation), cast.credentialFor(operation), request);
        const found = answerFaults(cast.api, operation, answer);
        faults.push(...found.map((fault) => `${name} ${bytes.toString('hex')}: ${fault}`));
      }
    }
    expect(faults).toEqual([]);
  });

  it('are answered with a problem in a path', async () => {
    for (const bytes of NAUGHTY_BYTES) {
      const encoded = bytes.toString('hex').replaceAll(/../g, '%$&');
      for (const operation of cast.api.operations.filter(({ path }) => path.includes('{'))) {
        const answer = await cast.send(operation, cast.path(operation, encoded), cast.credentialFor(operation));
        expect([encoded, answerFaults(cast.api, null, answer)]).toEqual([encoded, []]);
      }
    }
  });
});

function placesOf(operation: Operation): Place[] {
  const { properties = {} } = cast.api.resolve(operation.body!.schema);
  return Object.entries(properties).flatMap(([field, schema]): Place[] => {
    const resolved = cast.api.resolve(schema);
    const place = (name: string, embed: Place['embed']) => ({
      name: `${titleOf(operation)} ${name}`,
      operation,
      embed,
    });
    if (isText(resolved)) return [place(field, (text) => ({ ...cast.body(operation), [field]: text }))];
    const inner = Object.entries(resolved.properties ?? {}).filter(([, one]) => isText(one));
    return inner.map(([name]) =>
      place(`${field}.${name}`, (text) => ({ ...cast.body(operation), [field]: { [name]: text } })),
    );
  });
}

function isText({ type, enum: values }: Schema): boolean {
  return type === 'string' && values === undefined;
}
