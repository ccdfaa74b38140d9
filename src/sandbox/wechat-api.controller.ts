import { Controller, Get, HttpCode, Post, Req, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Public } from '../http/access.decorator.js';
import { Sandbox } from './sandbox.js';
import type { SandboxApi, WechatParameters } from './wechat-answer.js';
import { WechatReplies } from './wechat-replies.js';

/**
 * WeChat's own routes, spoken the way WeChat speaks them.
 *
 * Takes the raw query and body: a rule of ours would answer with a problem where WeChat answers with an errcode.
 */
@Public()
@ApiExcludeController()
@Controller()
export class WechatApiController {
  constructor(
    private readonly sandbox: Sandbox,
    private readonly replies: WechatReplies,
  ) {}

  @Get('sns/jscode2session')
  jscode2session(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    // WeChat labels this JSON as text.
    return this.answer('jscode2session', request.query, reply, 'text/plain; charset=utf-8');
  }

  @Post('cgi-bin/stable_token')
  @HttpCode(200)
  stableToken(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return this.answer('stable_token', request.body, reply, 'application/json; charset=utf-8');
  }

  private answer(api: SandboxApi, sent: unknown, reply: FastifyReply, contentType: string): Promise<void> {
    const parameters = typeof sent === 'object' && sent !== null ? (sent as WechatParameters) : {};
    return this.replies.send(reply, this.sandbox.call(api, parameters), contentType);
  }
}
