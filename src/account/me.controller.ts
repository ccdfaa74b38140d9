import { Controller, Get } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { CurrentUser } from '../auth/access/access.guard.js';
import type { Principal } from '../auth/access/principal.js';
import { Bearer } from '../http/access.decorator.js';
import { UserDto } from '../users/user.dto.js';
import { Profiles } from './profiles.js';

@ApiTags('users')
@Bearer()
@Controller({ path: 'users/me', version: '1' })
export class MeController {
  constructor(private readonly profiles: Profiles) {}

  @Get()
  @ApiOperation({ summary: 'My account' })
  @ApiOkResponse({ type: UserDto })
  me(@CurrentUser() { userId }: Principal): Promise<UserDto> {
    return this.profiles.get(userId);
  }
}
