import { Body, Controller, Get, HttpCode, Post } from '@nestjs/common';
import { ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { CurrentUser } from '../auth/access/access.guard.js';
import type { Principal } from '../auth/access/principal.js';
import { Bearer } from '../http/access.decorator.js';
import { LimitPerUser } from '../limits/limit-per-user.guard.js';
import { WechatData } from './wechat-data.js';
import { DecryptDto, SessionKeyDto } from './wechat-data.dto.js';

@ApiTags('wechat')
@Bearer()
@Controller({ path: 'wechat', version: '1' })
export class WechatDataController {
  constructor(private readonly wechatData: WechatData) {}

  @Post('decrypt')
  @HttpCode(200)
  @LimitPerUser('wechat_decrypt')
  @ApiOperation({ summary: 'Decrypt data that WeChat encrypted for me' })
  @ApiOkResponse({ schema: { type: 'object', additionalProperties: true } })
  decrypt(@Body() sealed: DecryptDto, @CurrentUser() caller: Principal): Promise<Record<string, unknown>> {
    return this.wechatData.decrypt(caller, sealed);
  }

  @Get('session')
  @ApiOperation({ summary: "Is the server's session_key of mine still good? Asks WeChat" })
  @ApiOkResponse({ type: SessionKeyDto })
  async check(@CurrentUser() caller: Principal): Promise<SessionKeyDto> {
    await this.wechatData.check(caller);
    return { valid: true };
  }

  @Post('session/reset')
  @HttpCode(204)
  @ApiOperation({ summary: 'Have WeChat replace my session_key' })
  @ApiNoContentResponse()
  async reset(@CurrentUser() caller: Principal): Promise<void> {
    await this.wechatData.reset(caller);
  }
}
