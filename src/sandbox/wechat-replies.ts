import { Injectable, type BeforeApplicationShutdown } from '@nestjs/common';
import type { ServerResponse } from 'node:http';
import type { FastifyReply } from 'fastify';
import type { WechatOutcome } from './sandbox.js';
import type { WechatAnswer } from './wechat-answer.js';

/** An answer in writing. */
interface WrittenAnswer {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

// Begins like JSON, then is neither JSON nor UTF-8.
const GARBAGE = Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x00, 0x80, 0xc3, 0x28]);

const BAD_GATEWAY_PAGE =
  '<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>';

/** Sends WeChat's answers, or spoils them. Nothing held back outlives the server. */
@Injectable()
export class WechatReplies implements BeforeApplicationShutdown {
  private readonly held = new Set<() => void>();
  private closing = false;

  /** Answers with status 200 whatever the errcode, as WeChat does, unless a fault says otherwise. */
  async send(
    reply: FastifyReply,
    { answer, spoiled }: WechatOutcome,
    contentType: string,
    write: (answer: WechatAnswer) => WrittenAnswer = inTheClear,
  ): Promise<void> {
    switch (spoiled?.kind) {
      case 'hang':
        this.hang(reply.hijack().raw);
        return;
      case 'reset':
        reply.hijack().raw.socket?.resetAndDestroy();
        return;
      case 'garbage':
        void reply.code(200).header('content-type', contentType).send(GARBAGE);
        return;
      case 'html':
        void reply.code(502).header('content-type', 'text/html; charset=utf-8').send(BAD_GATEWAY_PAGE);
        return;
      case 'status':
        void reply.code(spoiled.status).header('content-type', 'text/plain; charset=utf-8').send('');
        return;
      case 'delay':
        await this.wait(spoiled.ms);
        break;
      case undefined:
    }
    const { headers, body } = write(answer);
    void reply.code(200).headers(headers).header('content-type', contentType).send(body);
  }

  /** Ends hung requests without an answer and sends delayed answers at once. */
  beforeApplicationShutdown(): void {
    this.closing = true;
    for (const release of [...this.held]) release();
  }

  private hang(response: ServerResponse): void {
    const release = () => response.destroy();
    if (this.closing) return void release();
    this.held.add(release);
    response.once('close', () => this.held.delete(release));
  }

  private wait(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const release = () => {
        clearTimeout(timer);
        this.held.delete(release);
        resolve();
      };
      const timer = setTimeout(release, this.closing ? 0 : ms);
      this.held.add(release);
    });
  }
}

function inTheClear(answer: WechatAnswer): WrittenAnswer {
  return { headers: {}, body: JSON.stringify(answer) };
}
