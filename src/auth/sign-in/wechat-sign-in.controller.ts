import { Body, Controller, HttpCode, Post, UseGuards } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Public } from '../../http/access.decorator.js';
import { TraceId } from '../../http/trace-id.decorator.js';
import type { VerifiedIdentity } from '../../wechat/wechat-login.js';
import { SignedInDto } from './signed-in.dto.js';
import { ProvenIdentity, WechatCodeGuard } from './wechat-code.guard.js';
import { WechatLoginDto } from './wechat-login.dto.js';
import { WechatSignIn } from './wechat-sign-in.js';

@ApiTags('auth')
@Controller({ path: 'auth/wechat', version: '1' })
export class WechatSignInController {
  constructor(private readonly wechatSignIn: WechatSignIn) {}

  @Post('login')
  @HttpCode(200)
  @Public()
  @UseGuards(WechatCodeGuard)
  @ApiOperation({ summary: 'Sign in with the code of wx.login' })
  @ApiOkResponse({ type: SignedInDto })
  login(
    @ProvenIdentity() identity: VerifiedIdentity,
    @Body() body: WechatLoginDto,
    @TraceId() traceId: string | null,
  ): Promise<SignedInDto> {
    return this.wechatSignIn.signIn(identity, body.device, traceId);
  }
}
