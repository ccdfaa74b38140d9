import type { FastifyInstance } from 'fastify';

// OAuth's endpoints speak forms (RFC 6749 section 3.2). Nobody else does: a page of another site can send a form.
const FORM_PATHS = '/oauth/';

/** Reads JSON bodies, an empty one as `{}`: `wx.request` announces JSON even when it sends nothing. Forms only for OAuth. */
export function readRequestBodies(fastify: FastifyInstance): void {
  const parseJson = fastify.getDefaultJsonParser('error', 'error');
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body, done) => {
    if (body.length === 0) done(null, {});
    else void parseJson(request, body as string, done);
  });
  fastify.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, (request, body, done) => {
    if (request.url.startsWith(FORM_PATHS)) done(null, parseForm(body as string));
    else done(Object.assign(new Error('forms are not accepted here'), { statusCode: 415 }));
  });
}

/** A parameter that is sent twice keeps both values, so that whoever reads it can refuse it. */
function parseForm(text: string): Record<string, string | string[]> {
  const parameters = new URLSearchParams(text);
  const fields: Record<string, string | string[]> = Object.create(null) as Record<string, string | string[]>;
  for (const name of new Set(parameters.keys())) {
    const values = parameters.getAll(name);
    fields[name] = values.length === 1 ? values[0]! : values;
  }
  return fields;
}
