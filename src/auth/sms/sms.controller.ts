import { Body, Controller, HttpCode, Ip, Post } from '@nestjs/common';
import { ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { AppError } from '../../errors/app-error.js';
import { Public } from '../../http/access.decorator.js';
import { TraceId } from '../../http/trace-id.decorator.js';
import { readTypedNumber, type PhoneNumber } from '../../users/phone-number.js';
import { WechatApps } from '../../wechat/wechat-apps.js';
import { SignInGate } from '../sign-in/sign-in-gate.js';
import { SignInLimits } from '../sign-in/sign-in-limits.js';
import { SignedInDto } from '../sign-in/signed-in.dto.js';
import { OneTimeCodes } from './one-time-codes.js';
import { SmsSignIn } from './sms-sign-in.js';
import { SmsCodeDto, SmsLoginDto } from './sms.dto.js';

@ApiTags('auth')
@Controller({ path: 'auth/sms', version: '1' })
export class SmsController {
  constructor(
    private readonly codes: OneTimeCodes,
    private readonly smsSignIn: SmsSignIn,
    private readonly apps: WechatApps,
    private readonly gate: SignInGate,
    private readonly limits: SignInLimits,
  ) {}

  @Post('code')
  @HttpCode(204)
  @Public()
  @ApiOperation({ summary: 'Send a one-time code, whether or not anybody has this number here' })
  @ApiNoContentResponse()
  async code(@Body() { phone }: SmsCodeDto, @Ip() address: string | undefined): Promise<void> {
    const number = readNumber(phone);
    await this.limits.admitMessage(address);
    await this.codes.send(number);
  }

  @Post('login')
  @HttpCode(200)
  @Public()
  @ApiOperation({ summary: 'Sign in with the code that was sent; an unknown number makes a new account' })
  @ApiOkResponse({ type: SignedInDto })
  async login(
    @Body() body: SmsLoginDto,
    @TraceId() traceId: string | null,
    @Ip() address: string | undefined,
  ): Promise<SignedInDto> {
    const number = readNumber(body.phone);
    const { appId } = this.apps.get(body.appId);
    const { code, consent, claimPhone, device, ticket } = body;
    return this.gate.pass({ appId, traceId, address }, () =>
      this.smsSignIn.signIn(
        number,
        code,
        { consent, claimsPhone: claimPhone ?? false },
        { appId, device, ticket, traceId },
      ),
    );
  }
}

function readNumber(text: string): PhoneNumber {
  const number = readTypedNumber(text);
  if (number) return number;
  throw new AppError('VALIDATION_FAILED', { detail: 'phone: is not a phone number' });
}
