import type { FastifyInstance } from 'fastify';

/** Reads JSON bodies only, an empty one as `{}`: `wx.request` announces JSON even when it sends nothing. */
export function readJsonBodies(fastify: FastifyInstance): void {
  const parseJson = fastify.getDefaultJsonParser('error', 'error');
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body, done) => {
    if (body.length === 0) done(null, {});
    else parseJson(request, body as string, done);
  });
}
