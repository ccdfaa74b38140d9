import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { preferredLanguage } from '../errors/preferred-language.js';
import type { Problem } from '../errors/problem.js';

/** The shape that many mini-programs expect of every answer. */
export interface ResponseEnvelope {
  readonly success: boolean;
  /** The HTTP status. */
  readonly code: number;
  /** For people, in the language of `Accept-Language`. */
  readonly message: string;
  /** `YYYY-MM-DD HH:mm:ss` in Shanghai. */
  readonly datetime: string;
  readonly traceId: string;
  /** The resource, null where nothing is returned; of a problem the members that are not said above. */
  readonly data: unknown;
}

const JSON_TYPE = 'application/json; charset=utf-8';
const MESSAGES = {
  success: { en: 'OK', 'zh-CN': '请求成功' },
  failure: { en: 'The request failed.', 'zh-CN': '请求失败。' },
} as const;

// WeChat knows one shape of answers to its pushes only.
const WRAPPED_PATH = /^\/v1(?!\/wechat\/push\/)(?=[/?]|$)/;

// Shanghai is at UTC+8 all year.
const SHANGHAI_OFFSET_MS = 8 * 3_600_000;

/** Puts every JSON answer under /v1, and every answer without a body there, into the envelope. */
export function wrapAnswers(fastify: FastifyInstance): void {
  fastify.addHook('preSerialization', (request, reply, answer, done) => {
    done(null, enveloped(request, reply, answer));
  });
  fastify.addHook<string | null | undefined>('onSend', (request, reply, payload, done) => {
    const isEmpty = payload === undefined || payload === null || payload === '';
    if (!isEmpty || reply.statusCode >= 300 || !isWrapped(request)) return done(null, payload);
    if (reply.statusCode === 204) reply.code(200);
    done(null, JSON.stringify(wrap(request, reply, null)));
  });
}

/** The answer in its envelope, or as it is where it has none. For answers that no hook of Fastify sees. */
export function enveloped(request: FastifyRequest, reply: FastifyReply, answer: unknown): unknown {
  return isWrapped(request) ? wrap(request, reply, answer) : answer;
}

/** By the route's pattern where there is one: a raw URL has many spellings. */
function isWrapped({ routeOptions, url }: FastifyRequest): boolean {
  return WRAPPED_PATH.test(routeOptions.url ?? url);
}

function wrap(request: FastifyRequest, reply: FastifyReply, answer: unknown): ResponseEnvelope {
  const { statusCode: code } = reply;
  const language = preferredLanguage(request.headers['accept-language']);
  const isProblem = String(reply.getHeader('content-type')).startsWith('application/problem+json');
  reply.header('content-type', JSON_TYPE);
  const success = code < 400;
  const envelope = { success, code, datetime: shanghaiTime(Date.now()), traceId: request.id };
  if (!isProblem) return { ...envelope, message: MESSAGES[success ? 'success' : 'failure'][language], data: answer };
  const { title: message, status: _status, traceId: _traceId, ...data } = answer as Problem;
  return { ...envelope, message, data };
}

function shanghaiTime(now: number): string {
  return new Date(now + SHANGHAI_OFFSET_MS).toISOString().slice(0, 19).replace('T', ' ');
}
