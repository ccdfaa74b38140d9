import { Readable } from 'node:stream';
import { Injectable, type OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { AppError } from '../../errors/app-error.js';

// A sealed call is a few hundred bytes; what is read here goes past Fastify's own limit.
const BODY_LIMIT_BYTES = 64 * 1024;

/** Keeps the very bytes of bodies that are signed, until their request is gone. */
@Injectable()
export class ReceivedBodies implements OnModuleInit {
  private readonly texts = new WeakMap<FastifyRequest['raw'], string>();

  constructor(private readonly adapterHost: HttpAdapterHost) {}

  onModuleInit(): void {
    const fastify = this.adapterHost.httpAdapter.getInstance<FastifyInstance>();
    fastify.addHook('preParsing', async (request, _reply, payload) => {
      if (request.headers['wechatmp-signature'] === undefined) return payload;
      const body = await readAll(payload);
      this.texts.set(request.raw, body.toString('utf8'));
      return Readable.from(body, { objectMode: false });
    });
  }

  /** The body of a request that came with a signature; empty for any other. */
  textOf(request: FastifyRequest): string {
    return this.texts.get(request.raw) ?? '';
  }
}

async function readAll(payload: AsyncIterable<unknown>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of payload) {
    size += (chunk as Buffer).length;
    if (size > BODY_LIMIT_BYTES) throw new AppError('PAYLOAD_TOO_LARGE');
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks);
}
