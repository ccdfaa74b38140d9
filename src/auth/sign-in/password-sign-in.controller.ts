import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Public } from '../../http/access.decorator.js';
import { TraceId } from '../../http/trace-id.decorator.js';
import { WechatApps } from '../../wechat/wechat-apps.js';
import { PasswordLoginDto } from './password-login.dto.js';
import { PasswordSignIn } from './password-sign-in.js';
import { SignInRefusals } from './sign-in-refusals.js';
import { SignedInDto } from './signed-in.dto.js';

@ApiTags('auth')
@Controller({ path: 'auth/password', version: '1' })
export class PasswordSignInController {
  constructor(
    private readonly passwordSignIn: PasswordSignIn,
    private readonly apps: WechatApps,
    private readonly refusals: SignInRefusals,
  ) {}

  @Post('login')
  @HttpCode(200)
  @Public()
  @ApiOperation({ summary: 'Sign in with username and password' })
  @ApiOkResponse({ type: SignedInDto })
  async login(@Body() body: PasswordLoginDto, @TraceId() traceId: string | null): Promise<SignedInDto> {
    const { appId } = this.apps.get(body.appId);
    const { username, password, device, ticket } = body;
    return this.refusals.watch(
      { appId, traceId },
      this.passwordSignIn.signIn(username, password, { appId, device, ticket, traceId }),
    );
  }
}
