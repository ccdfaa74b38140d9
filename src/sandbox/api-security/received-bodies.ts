import { Readable } from 'node:stream';
import { Injectable, type OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { FastifyInstance, FastifyRequest } from 'fastify';

/** Keeps the very bytes of bodies that are signed, until their request is gone. */
@Injectable()
export class ReceivedBodies implements OnModuleInit {
  private readonly texts = new WeakMap<FastifyRequest['raw'], string>();

  constructor(private readonly adapterHost: HttpAdapterHost) {}

  onModuleInit(): void {
    const fastify = this.adapterHost.httpAdapter.getInstance<FastifyInstance>();
    fastify.addHook('preParsing', async (request, _reply, payload) => {
      if (request.headers['wechatmp-signature'] === undefined) return payload;
      const chunks: Buffer[] = [];
      for await (const chunk of payload) chunks.push(chunk as Buffer);
      const body = Buffer.concat(chunks);
      this.texts.set(request.raw, body.toString('utf8'));
      return Readable.from(body, { objectMode: false });
    });
  }

  /** The body of a request that came with a signature; empty for any other. */
  textOf(request: FastifyRequest): string {
    return this.texts.get(request.raw) ?? '';
  }
}
