import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { CurrentUser } from '../../auth/access/access.guard.js';
import type { Principal } from '../../auth/access/principal.js';
import { Bearer } from '../../http/access.decorator.js';
import { TraceId } from '../../http/trace-id.decorator.js';
import { UserDto } from '../../users/user.dto.js';
import { Profiles } from '../profiles.js';
import { AccountMerging } from './account-merging.js';
import { MergeSubscribers } from './merge-subscribers.js';
import { ClaimDto, MergeDto, MergedDto } from './merge.dto.js';
import { PhoneClaim } from './phone-claim.js';

@ApiTags('users')
@Bearer()
@Controller({ path: 'users/me', version: '1' })
export class MergeController {
  constructor(
    private readonly merging: AccountMerging,
    private readonly subscribers: MergeSubscribers,
    private readonly phoneClaim: PhoneClaim,
    private readonly profiles: Profiles,
  ) {}

  @Post('merge')
  @HttpCode(200)
  @ApiOperation({ summary: 'Make one account of two that are both mine, with a fresh proof; the older one survives' })
  @ApiOkResponse({ type: MergedDto })
  async merge(
    @Body() { mergeTicket, ...proof }: MergeDto,
    @CurrentUser() caller: Principal,
    @TraceId() traceId: string | null,
  ): Promise<MergedDto> {
    const { merged, tokens } = await this.merging.merge(caller, mergeTicket, proof, traceId);
    await this.subscribers.tell(merged);
    return { user: await this.profiles.get(merged.survivorId), tokens, absorbedUserId: merged.absorbedId };
  }

  @Post('phone/claim')
  @HttpCode(200)
  @ApiOperation({ summary: 'Take only the phone number from the account that holds it' })
  @ApiOkResponse({ type: UserDto })
  async claim(
    @Body() { mergeTicket }: ClaimDto,
    @CurrentUser() caller: Principal,
    @TraceId() traceId: string | null,
  ): Promise<UserDto> {
    await this.phoneClaim.claim(caller, mergeTicket, traceId);
    return this.profiles.get(caller.userId);
  }
}
