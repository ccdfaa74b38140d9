import { HttpAdapterHost, NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { VersioningType, type Type, type DynamicModule } from '@nestjs/common';
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import { sendAccessCookies } from './auth/access/access-cookie.js';
import { preferredLanguage } from './errors/preferred-language.js';
import { ProblemFilter } from './errors/problem.filter.js';
import { toAppError, toProblem } from './errors/problem.js';
import { httpRequests } from './health/metrics.js';
import { readRequestBodies } from './http/request-bodies.js';
import { enveloped, wrapAnswers } from './http/response-envelope.js';
import { traceIdOf } from './http/trace-id.js';
import { unreadableRequestHandler } from './http/unreadable-request.js';
import { validationPipe } from './http/validation.pipe.js';
import { NestLogger } from './logging/nest-logger.js';

// wx.request bodies are small; an avatar upload has a limit of its own.
const BODY_LIMIT_BYTES = 64 * 1024;

export interface HttpOptions {
  readonly logger: Logger;
  /** Proxies in front whose `X-Forwarded-For` is believed. */
  readonly trustProxyHops: number;
  /** Sends access tokens as a cookie as well. */
  readonly accessCookie?: boolean;
  /** Wraps JSON answers under /v1. */
  readonly responseEnvelope?: boolean;
}

/**
 * Makes the HTTP application of a module: the same pipe, filter, versioning, limits and shutdown for the server, the
 * sandbox and the tests. It does not listen yet.
 */
export async function createHttpApp(
  module: Type | DynamicModule,
  { logger, trustProxyHops, accessCookie = false, responseEnvelope = false }: HttpOptions,
): Promise<NestFastifyApplication> {
  const adapter = new FastifyAdapter({
    bodyLimit: BODY_LIMIT_BYTES,
    trustProxy: trustProxyHops > 0 ? (_address: string, hop: number) => hop < trustProxyHops : false,
    genReqId: traceIdOf,
    // Idle keep-alive connections are closed at shutdown; requests in flight are answered.
    forceCloseConnections: 'idle',
    // So is what arrives behind one of them; Fastify would answer it with a 503 of its own making.
    return503OnClosing: false,
    // Above the 60 s of common load balancers, so that the balancer closes first.
    keepAliveTimeout: 65_000,
    requestTimeout: 30_000,
    frameworkErrors: frameworkErrorHandler(responseEnvelope),
    clientErrorHandler: unreadableRequestHandler(logger),
  });
  const app = await NestFactory.create<NestFastifyApplication>(module, adapter, {
    bodyParser: false,
    logger: new NestLogger(logger),
    abortOnError: false,
  });
  const fastify = app.getHttpAdapter().getInstance();
  closeConnectionsOnShutdown(fastify);
  // What it is given below cannot hold a secret, and looking for one would cost more than the rest of the line.
  const requestLogger = logger.child({}, { redact: [] });
  fastify.addHook('onRequest', (request, reply, done) => {
    reply.header('x-trace-id', request.id);
    // Answers are about one person; the few that are not say so themselves.
    reply.header('cache-control', 'no-store');
    done();
  });
  fastify.addHook('onResponse', (request, reply, done) => {
    const { id: traceId, method } = request;
    const { statusCode: status, elapsedTime } = reply;
    // The route's pattern: a raw URL could carry a secret.
    const route = request.routeOptions.url;
    httpRequests.observe({ method, route: route ?? 'none', status }, elapsedTime / 1000);
    requestLogger.info({ traceId, method, route, status, ms: Math.round(elapsedTime * 10) / 10 }, 'request');
    done();
  });
  if (accessCookie) sendAccessCookies(fastify);
  if (responseEnvelope) wrapAnswers(fastify);
  readRequestBodies(fastify);
  app.enableVersioning({ type: VersioningType.URI });
  app.useGlobalPipes(validationPipe);
  app.useGlobalFilters(new ProblemFilter(app.get(HttpAdapterHost), logger));
  return app;
}

/**
 * Ends at shutdown the connections that Node would wait for: those that never carried a request, which it counts as busy
 * (a load balancer connects ahead of its requests), and those that become idle only after it has begun.
 */
function closeConnectionsOnShutdown(fastify: FastifyInstance): void {
  const silent = new Set<Socket>();
  fastify.server.on('connection', (socket: Socket) => {
    silent.add(socket);
    socket.once('close', () => silent.delete(socket));
  });
  fastify.server.on('request', (request: IncomingMessage) => silent.delete(request.socket));
  let closing = false;
  fastify.addHook('preClose', (done) => {
    closing = true;
    for (const socket of silent) socket.destroy();
    done();
  });
  fastify.addHook('onSend', (_request, reply, _payload, done) => {
    if (closing) reply.header('connection', 'close');
    done();
  });
}

/** Answers errors that Fastify meets before any route does, such as a URL that cannot be decoded. */
function frameworkErrorHandler(responseEnvelope: boolean) {
  return (error: FastifyError, request: FastifyRequest, reply: FastifyReply): void => {
    const problem = toProblem(toAppError(error), preferredLanguage(request.headers['accept-language']), request.id);
    reply.code(problem.status).headers({ 'content-type': 'application/problem+json', 'x-trace-id': request.id });
    reply.send(responseEnvelope ? enveloped(request, reply, problem) : problem);
  };
}
