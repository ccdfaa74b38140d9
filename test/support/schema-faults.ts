import type { Api, Schema } from './openapi.js';

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const DATE_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/;

// What tells nothing of the value.
const ANNOTATIONS = ['description', 'example', 'default', 'title', 'deprecated'];
const KEYWORDS = [
  ...['$ref', 'oneOf', 'allOf', 'type', 'nullable', 'enum', 'pattern', 'format', 'minLength', 'maxLength'],
  ...['minimum', 'maximum', 'items', 'properties', 'required', 'additionalProperties'],
];
const KNOWN = new Set([...ANNOTATIONS, ...KEYWORDS]);

/**
 * Where a value is not what its schema promises, in words; empty when it is.
 *
 * A field that is not declared is a fault, unless the schema declares none or says `additionalProperties`: what is not
 * documented is not meant to be told.
 *
 * @throws when the schema says something that this check does not understand
 */
export function schemaFaults(api: Api, schema: Schema, value: unknown, at = 'body'): string[] {
  const unknown = Object.keys(schema).filter((keyword) => !KNOWN.has(keyword));
  if (unknown.length > 0) throw new Error(`this check does not know ${unknown.join(', ')}`);
  if (schema.$ref !== undefined) return schemaFaults(api, api.resolve(schema), value, at);
  if (value === null && schema.nullable) return [];
  if (schema.oneOf) return oneOfFaults(api, schema.oneOf, value, at);
  if (schema.allOf) return schema.allOf.flatMap((one) => schemaFaults(api, one, value, at));
  if (schema.type !== undefined && !isOfType(value, schema.type)) return [`${at} is no ${schema.type}`];
  if (schema.enum && !schema.enum.includes(value)) return [`${at} is none of its values`];
  if (typeof value === 'string') return textFaults(schema, value, at);
  if (typeof value === 'number') return numberFaults(schema, value, at);
  if (Array.isArray(value))
    return value.flatMap((item, n) => schemaFaults(api, schema.items ?? {}, item, `${at}[${n}]`));
  return typeof value === 'object' && value !== null ? objectFaults(api, schema, value, at) : [];
}

function oneOfFaults(api: Api, choices: readonly Schema[], value: unknown, at: string): string[] {
  const fitting = choices.filter((choice) => schemaFaults(api, choice, value, at).length === 0).length;
  return fitting === 1 ? [] : [`${at} is ${fitting} of its ${choices.length} choices`];
}

function isOfType(value: unknown, type: string): boolean {
  switch (type) {
    case 'array':
      return Array.isArray(value);
    case 'object':
      return typeof value === 'object' && value !== null && !Array.isArray(value);
    case 'integer':
      return Number.isInteger(value);
    default:
      return typeof value === type;
  }
}

function textFaults({ pattern, format, minLength = 0, maxLength = Infinity }: Schema, text: string, at: string) {
  const faults: string[] = [];
  if (pattern !== undefined && !new RegExp(pattern).test(text)) faults.push(`${at} does not match ${pattern}`);
  if (format === 'uuid' && !UUID.test(text)) faults.push(`${at} is no uuid`);
  if (format === 'date-time' && !DATE_TIME.test(text)) faults.push(`${at} is no date-time`);
  if (text.length < minLength || text.length > maxLength) faults.push(`${at} has ${text.length} characters`);
  return faults;
}

function numberFaults({ minimum = -Infinity, maximum = Infinity }: Schema, value: number, at: string): string[] {
  return value < minimum || value > maximum ? [`${at} is out of range`] : [];
}

function objectFaults(api: Api, schema: Schema, value: object, at: string): string[] {
  const { properties, required = [], additionalProperties = properties === undefined } = schema;
  const missing = required.filter((name) => !Object.hasOwn(value, name)).map((name) => `${at}.${name} is missing`);
  const wrong = Object.entries(value).flatMap(([name, inner]) => {
    const declared = properties && Object.hasOwn(properties, name) ? properties[name] : undefined;
    if (declared) return schemaFaults(api, declared, inner, `${at}.${name}`);
    if (typeof additionalProperties === 'object')
      return schemaFaults(api, additionalProperties, inner, `${at}.${name}`);
    return additionalProperties ? [] : [`${at}.${name} is not documented`];
  });
  return [...missing, ...wrong];
}
