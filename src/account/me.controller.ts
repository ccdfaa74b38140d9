import { Body, Controller, Get, HttpCode, Put } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { CurrentUser } from '../auth/access/access.guard.js';
import type { Principal } from '../auth/access/principal.js';
import { PhoneProofDto, phoneProofOf } from '../auth/proof/phone-proof.dto.js';
import { ProvedPhones } from '../auth/proof/proved-phones.js';
import { Bearer } from '../http/access.decorator.js';
import { LimitPerUser } from '../limits/limit-per-user.guard.js';
import { TraceId } from '../http/trace-id.decorator.js';
import { UserDto } from '../users/user.dto.js';
import { PhoneBinding } from './phone-binding.js';
import { ProfileChange } from './profile/profile-change.js';
import { ProfileDto } from './profile/profile.dto.js';
import { Profiles } from './profiles.js';
import { WechatAccounts } from './wechat-accounts.js';

@ApiTags('users')
@Bearer()
@Controller({ path: 'users/me', version: '1' })
export class MeController {
  constructor(
    private readonly profiles: Profiles,
    private readonly accounts: WechatAccounts,
    private readonly provedPhones: ProvedPhones,
    private readonly phoneBinding: PhoneBinding,
    private readonly profileChange: ProfileChange,
  ) {}

  @Get()
  @ApiOperation({ summary: 'My account' })
  @ApiOkResponse({ type: UserDto })
  me(@CurrentUser() { userId }: Principal): Promise<UserDto> {
    return this.profiles.get(userId);
  }

  @Put()
  @HttpCode(200)
  @LimitPerUser('profile_change')
  @ApiOperation({ summary: 'Change the fields of my profile that are sent' })
  @ApiOkResponse({ type: UserDto })
  async change(
    @Body() profile: ProfileDto,
    @CurrentUser() caller: Principal,
    @TraceId() traceId: string | null,
  ): Promise<UserDto> {
    await this.profileChange.change(caller, profile, traceId);
    return this.profiles.get(caller.userId);
  }

  @Put('phone')
  @HttpCode(200)
  @LimitPerUser('wechat_phone')
  @ApiOperation({ summary: 'Bind the phone number that WeChat vouches for' })
  @ApiOkResponse({ type: UserDto })
  async bindPhone(
    @Body() body: PhoneProofDto,
    @CurrentUser() caller: Principal,
    @TraceId() traceId: string | null,
  ): Promise<UserDto> {
    const account = await this.accounts.of(caller);
    const number = await this.provedPhones.of(account, caller.sessionId, phoneProofOf(body));
    await this.phoneBinding.bind(caller, number, traceId);
    return this.profiles.get(caller.userId);
  }
}
