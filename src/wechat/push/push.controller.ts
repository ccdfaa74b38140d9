import { Controller, Get, Header, HttpCode, Param, Post, Req } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import { AppError } from '../../errors/app-error.js';
import { WechatSigned } from '../../http/access.decorator.js';
import { PushApps } from './push-apps.js';
import { PushInbox } from './push-inbox.js';
import { readEcho, readPush, type PushQuery } from './read-push.js';

const TEXT = 'text/plain; charset=utf-8';

/**
 * WeChat's message push. Speaks WeChat's words: a text, never JSON, whatever shape other answers take.
 *
 * Takes the raw query and body: WeChat adds parameters as it likes, and signs what it sends as it stands.
 */
@WechatSigned()
@ApiTags('wechat')
@Controller({ path: 'wechat/push', version: '1' })
export class PushController {
  constructor(
    private readonly apps: PushApps,
    private readonly inbox: PushInbox,
  ) {}

  @Get(':appId')
  @Header('content-type', TEXT)
  @Header('x-content-type-options', 'nosniff')
  @ApiOperation({ summary: 'Answer the check of the push URL with its echostr' })
  @ApiOkResponse({ content: { 'text/plain': { schema: { type: 'string' } } } })
  verifyUrl(@Param('appId') appId: string, @Req() request: FastifyRequest): string {
    return readEcho(this.apps.get(appId), request.query as PushQuery);
  }

  @Post(':appId')
  @HttpCode(200)
  @Header('content-type', TEXT)
  @ApiOperation({ summary: 'Take a message or an event that WeChat pushes (XML or JSON, plain or secure mode)' })
  @ApiOkResponse({ content: { 'text/plain': { schema: { type: 'string', enum: ['success'] } } } })
  async receive(@Param('appId') appId: string, @Req() request: FastifyRequest): Promise<string> {
    const { query, body } = request;
    const app = this.apps.get(appId);
    if (typeof body !== 'string') throw new AppError('VALIDATION_FAILED');
    await this.inbox.take(readPush(app, query as PushQuery, body), request.id);
    return 'success';
  }
}
