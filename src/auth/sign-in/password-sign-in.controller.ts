import { Body, Controller, HttpCode, Ip, Post } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Public } from '../../http/access.decorator.js';
import { TraceId } from '../../http/trace-id.decorator.js';
import { WechatApps } from '../../wechat/wechat-apps.js';
import { PasswordLoginDto } from './password-login.dto.js';
import { PasswordSignIn } from './password-sign-in.js';
import { SignInGate } from './sign-in-gate.js';
import { SignedInDto } from './signed-in.dto.js';

@ApiTags('auth')
@Controller({ path: 'auth/password', version: '1' })
export class PasswordSignInController {
  constructor(
    private readonly passwordSignIn: PasswordSignIn,
    private readonly apps: WechatApps,
    private readonly gate: SignInGate,
  ) {}

  @Post('login')
  @HttpCode(200)
  @Public()
  @ApiOperation({ summary: 'Sign in with username and password' })
  @ApiOkResponse({ type: SignedInDto })
  async login(
    @Body() body: PasswordLoginDto,
    @TraceId() traceId: string | null,
    @Ip() address: string | undefined,
  ): Promise<SignedInDto> {
    const { appId } = this.apps.get(body.appId);
    const { username, password, device, ticket } = body;
    return this.gate.pass({ appId, traceId, address }, () =>
      this.passwordSignIn.signIn(username, password, { appId, device, ticket, traceId }),
    );
  }
}
