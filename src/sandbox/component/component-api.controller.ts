import { Controller, Get, Req, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Public } from '../../http/access.decorator.js';
import { Sandbox } from '../sandbox.js';
import type { WechatParameters } from '../wechat-answer.js';
import { WechatReplies } from '../wechat-replies.js';

/** WeChat's own route for third-party platforms, with the raw query as for its other routes. */
@Public()
@ApiExcludeController()
@Controller('sns/component')
export class ComponentApiController {
  constructor(
    private readonly sandbox: Sandbox,
    private readonly replies: WechatReplies,
  ) {}

  @Get('jscode2session')
  jscode2session(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const outcome = this.sandbox.call('component_jscode2session', request.query as WechatParameters);
    return this.replies.send(reply, outcome, 'text/plain; charset=utf-8');
  }
}
