import { Controller, Get, HttpCode, Post, Req, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Public } from '../http/access.decorator.js';
import { SealedCalls } from './api-security/sealed-calls.js';
import { Sandbox } from './sandbox.js';
import type { SandboxApi, WechatParameters } from './wechat-answer.js';
import { WechatReplies } from './wechat-replies.js';

const JSON_TYPE = 'application/json; charset=utf-8';

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
    private readonly sealedCalls: SealedCalls,
  ) {}

  @Get('sns/jscode2session')
  jscode2session(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    // WeChat labels this JSON as text.
    return this.answer('jscode2session', fieldsOf(request.query), reply, 'text/plain; charset=utf-8');
  }

  @Get('cgi-bin/token')
  accessToken(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return this.answer('token', fieldsOf(request.query), reply);
  }

  @Post('cgi-bin/stable_token')
  @HttpCode(200)
  stableToken(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return this.answer('stable_token', fieldsOf(request.body), reply);
  }

  @Get('wxa/checksession')
  checkSession(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return this.answer('checksession', fieldsOf(request.query), reply);
  }

  @Get('wxa/resetusersessionkey')
  resetUserSessionKey(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return this.answer('resetusersessionkey', fieldsOf(request.query), reply);
  }

  /** A GET in some of WeChat's pages, a POST in others. Its parameters are in the query in all of them. */
  @Get('wxa/business/getuserencryptkey')
  getUserEncryptKey(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return this.answer('getuserencryptkey', fieldsOf(request.query), reply);
  }

  @Post('wxa/business/getuserencryptkey')
  @HttpCode(200)
  postUserEncryptKey(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const post_data = Number(request.headers['content-length'] ?? 0) === 0 ? '' : request.body;
    return this.answer('getuserencryptkey', { ...fieldsOf(request.query), post_data }, reply);
  }

  @Post('wxa/business/getuserphonenumber')
  @HttpCode(200)
  getUserPhoneNumber(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return this.answerSealable('getuserphonenumber', request, reply);
  }

  @Post('wxa/business/checkencryptedmsg')
  @HttpCode(200)
  checkEncryptedData(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return this.answer('checkencryptedmsg', tokenAndBody(request), reply);
  }

  @Post('wxa/getpluginopenpid')
  @HttpCode(200)
  getPluginOpenPId(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return this.answer('getpluginopenpid', tokenAndBody(request), reply);
  }

  @Post('wxa/getuserriskrank')
  @HttpCode(200)
  getUserRiskRank(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return this.answerSealable('getuserriskrank', request, reply);
  }

  @Post('wxa/msg_sec_check')
  @HttpCode(200)
  msgSecCheck(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return this.answerSealable('msg_sec_check', request, reply);
  }

  private async answerSealable(api: SandboxApi, request: FastifyRequest, reply: FastifyReply): Promise<void> {
    if (!(await this.sealedCalls.answer(api, request, reply))) await this.answer(api, tokenAndBody(request), reply);
  }

  private answer(
    api: SandboxApi,
    parameters: WechatParameters,
    reply: FastifyReply,
    contentType = JSON_TYPE,
  ): Promise<void> {
    return this.replies.send(reply, this.sandbox.call(api, parameters), contentType);
  }
}

function fieldsOf(sent: unknown): WechatParameters {
  return typeof sent === 'object' && sent !== null ? (sent as WechatParameters) : {};
}

/** The access_token is in the query and nowhere else, whatever the body says. */
function tokenAndBody({ query, body }: FastifyRequest): WechatParameters {
  return { ...fieldsOf(body), access_token: fieldsOf(query)['access_token'] };
}
