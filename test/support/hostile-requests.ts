import fc from 'fast-check';
import { CREDENTIALS, encodeBody, type Credential, type HostileCast } from './hostile-cast.js';
import { NAUGHTY_STRINGS } from './naughty-strings.js';
import type { Api, Operation, Schema } from './openapi.js';

/** What is put in the place of a value. A good one is looked up when the request is sent: most are good only once. */
type FieldPlan =
  | { readonly kind: 'good' }
  | { readonly kind: 'missing' }
  | { readonly kind: 'value'; readonly value: unknown }
  | { readonly kind: 'fields'; readonly fields: Readonly<Record<string, FieldPlan>> };

type BodyPlan =
  | { readonly kind: 'none' }
  | { readonly kind: 'fields'; readonly fields: Readonly<Record<string, FieldPlan>> }
  | { readonly kind: 'text'; readonly text: string; readonly type: string | null };

/** A request, thought up from the document. */
export interface RequestPlan {
  readonly operation: Operation;
  /** Of another operation, or of none. */
  readonly method: string;
  readonly credential: Credential;
  /** In the place of every parameter of the path, percent-encoded; null for good ones. */
  readonly parameter: string | null;
  readonly query: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: BodyPlan;
}

/** A request that can be sent. */
export interface PlannedRequest {
  readonly path: string;
  readonly rawBody: string | undefined;
  readonly headers: Record<string, string>;
}

const HUGE = 'x'.repeat(70_000);
const METHODS = ['GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'];
const MEDIA_TYPES = ['application/json', 'application/x-www-form-urlencoded', 'text/xml', 'text/plain', 'x', '*/*'];
const HEADER_NAMES = ['accept', 'accept-language', 'x-proof-code', 'traceparent', 'if-none-match', 'cookie', 'range'];

const text = fc.oneof(
  { weight: 3, arbitrary: fc.string({ unit: 'binary', maxLength: 40 }) },
  { weight: 2, arbitrary: fc.constantFrom(...NAUGHTY_STRINGS) },
  { weight: 1, arbitrary: fc.string({ minLength: 100, maxLength: 2000 }) },
);
const wrong = fc.oneof(
  fc.constantFrom<unknown>(null, true, 0, -1, 1e308, 2 ** 53, [], {}, [[]], '', ' '),
  fc.jsonValue({ maxDepth: 4 }),
);
const encoded = fc.oneof(
  text.map((value) => encodeURIComponent(wellFormed(value))),
  fc.constantFrom('%', '%00', '%2e%2e%2f', '%ff', '..%2f..', '0', '-1', 'me', 'undefined', '%F0%9F%98%80'),
);
// What an HTTP client agrees to send; what it does not is sent by the naughty strings, over a bare socket.
const headerUnit = fc.integer({ min: 0x20, max: 0xff }).filter((code) => code !== 0x7f);
const headerText = fc.string({ unit: headerUnit.map((code) => String.fromCharCode(code)) });

/** Requests to all operations: mostly well-formed, one thing or another wrong with them. */
export function requestPlans(api: Api): fc.Arbitrary<RequestPlan> {
  return fc.constantFrom(...api.operations).chain((operation) =>
    fc.record({
      operation: fc.constant(operation),
      method: fc.oneof(
        { weight: 20, arbitrary: fc.constant(operation.method) },
        { weight: 1, arbitrary: fc.constantFrom(...METHODS) },
      ),
      credential: fc.oneof(
        { weight: 3, arbitrary: fc.constant<Credential>(operation.security === 'basic' ? 'client' : 'user') },
        { weight: 2, arbitrary: fc.constantFrom(...CREDENTIALS) },
      ),
      parameter: fc.option(encoded),
      query: fc.oneof({ weight: 4, arbitrary: fc.constant('') }, { weight: 1, arbitrary: fc.webQueryParameters() }),
      headers: fc.oneof(
        { weight: 3, arbitrary: fc.constant({}) },
        { weight: 1, arbitrary: fc.dictionary(fc.constantFrom(...HEADER_NAMES), headerText, { maxKeys: 2 }) },
      ),
      body: bodyPlans(api, operation),
    }),
  );
}

/** Puts the values in. */
export function plannedRequest(cast: Pick<HostileCast, 'value' | 'path'>, api: Api, plan: RequestPlan): PlannedRequest {
  const { operation, method, parameter, query, body } = plan;
  const path = cast.path(operation, parameter ?? undefined) + (query && `?${query}`);
  const headers: Record<string, string> = { ...plan.headers };
  if (body.kind === 'none' || method === 'GET') return { path, rawBody: undefined, headers };
  if (body.kind === 'text') {
    if (body.type !== null) headers['content-type'] = body.type;
    return { path, rawBody: body.text, headers };
  }
  const fields = fill(cast, api, operation, operation.body!.schema, body.fields);
  const { rawBody, headers: own } = encodeBody(operation, fields);
  return { path, rawBody, headers: { ...headers, ...own } };
}

function bodyPlans(api: Api, { body }: Operation): fc.Arbitrary<BodyPlan> {
  const type = fc.oneof(fc.constant(body?.type ?? null), fc.constantFrom(...MEDIA_TYPES));
  const texts = fc.oneof(
    { weight: 4, arbitrary: fc.json({ maxDepth: 5 }) },
    { weight: 3, arbitrary: text.map(wellFormed) },
    { weight: 1, arbitrary: fc.constantFrom('', HUGE, '{"a":'.repeat(3000), '[]', 'null', '<xml></xml>', 'a=1&a=2') },
  );
  const anyText = fc.record({ kind: fc.constant('text' as const), text: texts, type });
  if (!body) return fc.oneof({ weight: 4, arbitrary: fc.constant<BodyPlan>({ kind: 'none' }) }, anyText);
  const fields = fc.record({ kind: fc.constant('fields' as const), fields: fieldPlans(api, body.schema) });
  return fc.oneof({ weight: 6, arbitrary: fields }, { weight: 1, arbitrary: anyText });
}

function fieldPlans(api: Api, schema: Schema): fc.Arbitrary<Record<string, FieldPlan>> {
  const { properties = {}, required = [] } = api.resolve(schema);
  const declared = fc.record(
    Object.fromEntries(
      Object.entries(properties).map(([name, one]) => [name, fieldPlan(api, one, required.includes(name))]),
    ),
  );
  const added = fc.oneof(
    { weight: 8, arbitrary: fc.constant({}) },
    { weight: 1, arbitrary: fc.dictionary(text, wrong.map(valuePlan), { maxKeys: 2 }) },
  );
  return fc.tuple(added, declared).map(([more, own]) => ({ ...more, ...own }));
}

function fieldPlan(api: Api, schema: Schema, isRequired: boolean): fc.Arbitrary<FieldPlan> {
  const { properties } = api.resolve(schema);
  const inner = fieldPlansOf(api, schema, properties !== undefined);
  return fc.oneof(
    { weight: isRequired ? 12 : 4, arbitrary: fc.constant<FieldPlan>({ kind: 'good' }) },
    { weight: isRequired ? 1 : 8, arbitrary: fc.constant<FieldPlan>({ kind: 'missing' }) },
    { weight: 2, arbitrary: text.map(valuePlan) },
    { weight: 1, arbitrary: wrong.map(valuePlan) },
    ...inner,
  );
}

function fieldPlansOf(api: Api, schema: Schema, isObject: boolean) {
  if (!isObject) return [];
  const arbitrary = fieldPlans(api, schema).map((fields): FieldPlan => ({ kind: 'fields', fields }));
  return [{ weight: 3, arbitrary }];
}

/** Half a surrogate pair has no form in UTF-8. */
function wellFormed(value: string): string {
  return Buffer.from(value, 'utf8').toString('utf8');
}

function valuePlan(value: unknown): FieldPlan {
  return { kind: 'value', value };
}

function fill(
  cast: Pick<HostileCast, 'value'>,
  api: Api,
  operation: Operation,
  schema: Schema,
  plans: Readonly<Record<string, FieldPlan>>,
): Record<string, unknown> {
  const { properties = {} } = api.resolve(schema);
  const filled = Object.entries(plans).flatMap(([name, plan]): [string, unknown][] => {
    switch (plan.kind) {
      case 'missing':
        return [];
      case 'good':
        return [[name, cast.value(operation, name, properties[name]!)]];
      case 'fields':
        return [[name, fill(cast, api, operation, properties[name]!, plan.fields)]];
      case 'value':
        return [[name, plan.value]];
    }
  });
  return Object.fromEntries(filled);
}
