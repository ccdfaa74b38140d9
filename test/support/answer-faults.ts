import { ERROR_CATALOG, type CatalogEntry } from '../../src/errors/catalog.js';
import type { Api, Operation } from './openapi.js';
import { schemaFaults } from './schema-faults.js';
import type { Answer } from './test-server.js';

const CATALOG: Readonly<Record<string, CatalogEntry | undefined>> = ERROR_CATALOG;
// The only ones a caller may see, and only while WeChat or the database is away; neither ever is here.
const SERVER_FAULT = 500;

/**
 * What is wrong with an answer, in words; empty when it keeps every promise of the document: no 5xx, a documented status,
 * media type and schema, and errors that are whole.
 *
 * @param operation null where the document has none, so that only an error will do
 */
export function answerFaults(api: Api, operation: Operation | null, answer: Answer): string[] {
  const { status, headers } = answer;
  const faults: string[] = [];
  if (status >= SERVER_FAULT) faults.push(`the status is ${status}`);
  if (!/^[0-9a-f]{32}$/.test(headers.get('x-trace-id') ?? '')) faults.push('there is no X-Trace-Id');
  if (status >= 400) return [...faults, ...errorFaults(api, operation, answer)];
  return [...faults, ...successFaults(api, operation, answer)];
}

/** Which of the given texts a problem repeats. An OAuth error is looked at as well. */
export function echoesOf(answer: Answer, sent: readonly string[]): string[] {
  const told = JSON.stringify([answer.body, [...answer.headers]]);
  return answer.status < 400 ? [] : sent.filter((text) => told.includes(JSON.stringify(text).slice(1, -1)));
}

function successFaults(api: Api, operation: Operation | null, answer: Answer): string[] {
  const { status, headers, body } = answer;
  const contents = operation?.answers[status];
  if (!contents) return [`the status ${status} is not documented`];
  if (status === 204) return body === '' ? [] : ['a 204 has a body'];
  const [documented] = Object.entries(contents);
  if (!documented) return [];
  const [type, schema] = documented;
  if (mediaTypeOf(headers) !== type) return [`the media type is ${mediaTypeOf(headers)}`];
  return schemaFaults(api, schema, body);
}

function errorFaults(api: Api, operation: Operation | null, answer: Answer): string[] {
  const { headers, body } = answer;
  const type = mediaTypeOf(headers);
  const schema = operation?.answers['default']?.[type];
  if (operation && !schema) return [`an error of the media type ${type} is not documented`];
  const misshapen = schema ? schemaFaults(api, schema, body) : [];
  return type === 'application/problem+json' ? [...misshapen, ...problemFaults(answer)] : misshapen;
}

function problemFaults({ status, headers, body }: Answer): string[] {
  const entry = CATALOG[body?.code as string];
  if (!entry) return ['the code is none of the catalog'];
  const faults: string[] = [];
  if (entry.status !== status || body.status !== status) faults.push(`the status is not that of ${body.code}`);
  if (body.remedy !== entry.remedy) faults.push(`the remedy is not that of ${body.code}`);
  if (body.type !== `urn:wechat-passport:error:${body.code}`) faults.push('the type does not name the code');
  if (![entry.en, entry['zh-CN']].includes(body.title as string)) faults.push('the title is not that of the catalog');
  if (!/\S/.test(body.detail as string)) faults.push('the detail says nothing');
  if (body.traceId !== headers.get('x-trace-id')) faults.push('the trace ids differ');
  if ((status === 429) !== headers.has('retry-after')) faults.push('Retry-After goes with 429 and 503 only');
  if ((status === 401) !== headers.has('www-authenticate')) faults.push('WWW-Authenticate goes with 401');
  return faults;
}

function mediaTypeOf(headers: Headers): string {
  return headers.get('content-type')?.split(';')[0] ?? 'none';
}
