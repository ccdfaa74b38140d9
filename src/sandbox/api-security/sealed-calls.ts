import { Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Sandbox } from '../sandbox.js';
import { answerWithErrcode, type SandboxApi, type WechatParameters } from '../wechat-answer.js';
import { WechatReplies } from '../wechat-replies.js';
import { ApiSecurityConsole } from './api-security-console.js';
import { ReceivedBodies } from './received-bodies.js';
import { openRequest } from './sealed-request.js';

const JSON_TYPE = 'application/json; charset=utf-8';

// What WeChat takes for its own address, wherever the sandbox listens.
const WECHAT_ORIGIN = 'https://api.weixin.qq.com';

/** Carries out the calls that WeChat wants sealed of apps that have API security. */
@Injectable()
export class SealedCalls {
  constructor(
    private readonly sandbox: Sandbox,
    private readonly replies: WechatReplies,
    private readonly console: ApiSecurityConsole,
    private readonly bodies: ReceivedBodies,
  ) {}

  /** Answers a call if its app has API security; says whether it did. What it cannot open it refuses in the clear. */
  async answer(api: SandboxApi, request: FastifyRequest, reply: FastifyReply): Promise<boolean> {
    const { access_token } = request.query as WechatParameters;
    const appId = this.sandbox.ownerOfToken(access_token);
    const keys = appId === null ? null : this.console.keysOf(appId);
    if (appId === null || !keys) return false;

    const url = WECHAT_ORIGIN + request.url.split('?')[0]!;
    const nowSeconds = Math.floor(this.sandbox.now() / 1000);
    const sent = { url, headers: request.headers, body: this.bodies.textOf(request) };
    const fields = openRequest(appId, keys, sent, nowSeconds);
    if (typeof fields === 'number') {
      await this.replies.send(reply, { answer: answerWithErrcode(fields), spoiled: null }, JSON_TYPE);
      return true;
    }
    const outcome = this.sandbox.call(api, { ...fields, access_token });
    await this.replies.send(reply, outcome, JSON_TYPE, (answer) =>
      this.console.seal(answer, { url, appId, nowSeconds }),
    );
    return true;
  }
}
