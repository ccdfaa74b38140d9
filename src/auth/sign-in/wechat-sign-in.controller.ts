import { Body, Controller, HttpCode, Ip, Post, UseGuards } from '@nestjs/common';
import {
  ApiBody,
  ApiExtraModels,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiTags,
  getSchemaPath,
} from '@nestjs/swagger';
import { Bearer, Public } from '../../http/access.decorator.js';
import { TraceId } from '../../http/trace-id.decorator.js';
import { WechatLogin, type VerifiedIdentity } from '../../wechat/wechat-login.js';
import { CurrentUser } from '../access/access.guard.js';
import type { Principal } from '../access/principal.js';
import { PhoneSignUp } from './phone-sign-up.js';
import { SignInGate } from './sign-in-gate.js';
import { SignedInDto, UnregisteredDto } from './signed-in.dto.js';
import { CheckedBody, ProvenIdentity, WechatCodeGuard } from './wechat-code.guard.js';
import { WechatLinking } from './wechat-linking.js';
import { WechatLoginDto } from './wechat-login.dto.js';
import { WechatLinkDto, WechatRegisterDto, registrationProofOf } from './wechat-register.dto.js';
import { WechatSignIn } from './wechat-sign-in.js';

@ApiTags('auth')
@ApiExtraModels(SignedInDto, UnregisteredDto)
@Controller({ path: 'auth/wechat', version: '1' })
export class WechatSignInController {
  constructor(
    private readonly wechatSignIn: WechatSignIn,
    private readonly phoneSignUp: PhoneSignUp,
    private readonly wechatLogin: WechatLogin,
    private readonly linking: WechatLinking,
    private readonly gate: SignInGate,
  ) {}

  @Post('login')
  @HttpCode(200)
  @Public()
  @UseGuards(WechatCodeGuard)
  @ApiBody({ type: WechatLoginDto })
  @ApiOperation({ summary: 'Sign in with the code of wx.login' })
  @ApiOkResponse({
    schema: { oneOf: [{ $ref: getSchemaPath(SignedInDto) }, { $ref: getSchemaPath(UnregisteredDto) }] },
  })
  login(
    @ProvenIdentity() identity: VerifiedIdentity,
    @CheckedBody() body: WechatLoginDto,
    @Ip() clientIp: string,
    @TraceId() traceId: string | null,
  ): Promise<SignedInDto | UnregisteredDto> {
    return this.wechatSignIn.signIn(identity, { body, clientIp, traceId });
  }

  @Post('register')
  @HttpCode(200)
  @Public()
  @ApiOperation({ summary: 'Register, or be found, by the phone number that WeChat vouches for' })
  @ApiOkResponse({ type: SignedInDto })
  register(
    @Body() body: WechatRegisterDto,
    @Ip() clientIp: string,
    @TraceId() traceId: string | null,
  ): Promise<SignedInDto> {
    return this.gate.pass({ appId: null, traceId, address: clientIp }, () =>
      this.phoneSignUp.signUp(body.ticket, registrationProofOf(body), { body, clientIp, traceId }),
    );
  }

  @Post('link')
  @HttpCode(204)
  @Bearer()
  @ApiOperation({ summary: 'Link this WeChat identity to me' })
  @ApiNoContentResponse()
  async link(
    @Body() { code, appId }: WechatLinkDto,
    @CurrentUser() caller: Principal,
    @TraceId() traceId: string | null,
  ): Promise<void> {
    const identity = await this.wechatLogin.exchange(code, appId ?? caller.appId);
    await this.linking.linkTo(caller, identity, traceId);
  }
}
