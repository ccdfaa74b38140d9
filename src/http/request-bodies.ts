import type { FastifyBodyParser, FastifyInstance, FastifyRequest } from 'fastify';

// OAuth's endpoints speak forms (RFC 6749 section 3.2). Nobody else does: a page of another site can send a form.
const FORM_PATHS = '/oauth/';

// WeChat signs what it pushes, labels it as it pleases, and the text itself says whether it is XML or JSON.
const TEXT_ROUTE = '/v1/wechat/push/:appId';

// `wx.uploadFile` sends nothing else. Nobody else takes it: a page of another site can send such a form.
const UPLOAD_ROUTE = '/v1/users/me/avatar';

/**
 * Reads JSON bodies, an empty one as `{}`: `wx.request` announces JSON even when it sends nothing. Forms only for OAuth;
 * on the route of WeChat's pushes every body is the text that was sent; the route of uploads reads multipart bodies itself.
 */
export function readRequestBodies(fastify: FastifyInstance): void {
  const parseJson = fastify.getDefaultJsonParser('error', 'error');
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body, done) => {
    if (takesText(request)) done(null, body);
    else if (body.length === 0) done(null, {});
    else void parseJson(request, body as string, done);
  });
  fastify.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, (request, body, done) => {
    if (request.url.startsWith(FORM_PATHS)) done(null, parseForm(body as string));
    else done(notAccepted('forms'));
  });
  // Unread: the route reads it itself, and nobody else is sent one.
  fastify.addContentTypeParser(/^multipart\//i, (request, _body, done) => {
    if (request.routeOptions.url === UPLOAD_ROUTE || request.is404) done(null, undefined);
    else done(notAccepted('multipart bodies'));
  });
  for (const type of ['text/xml', 'application/xml', 'text/plain', '*']) {
    fastify.addContentTypeParser(type, { parseAs: 'string' }, readText);
  }
}

const readText: FastifyBodyParser<string> = (request, body, done) => {
  if (takesText(request)) done(null, body);
  // Nothing is there to take it, whatever it is.
  else if (request.is404) done(null, undefined);
  else done(notAccepted('bodies of this type'));
};

function takesText(request: FastifyRequest): boolean {
  return request.routeOptions.url === TEXT_ROUTE;
}

function notAccepted(what: string): Error {
  return Object.assign(new Error(`${what} are not accepted here`), { statusCode: 415 });
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
