import { Controller, Get, Param, ParseUUIDPipe, SetMetadata, UseFilters, UseGuards } from '@nestjs/common';
import { ApiBasicAuth, ApiDefaultResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { ClientGuard, CurrentClient } from '../../auth/oauth/client.guard.js';
import { OAuthErrorDto, RefusedClientFilter } from '../../auth/oauth/oauth-error.js';
import type { OAuthClient } from '../../config/settings.js';
import { ACCESS, type Access } from '../../http/access.decorator.js';
import { UserDto } from '../../users/user.dto.js';
import { ClientProfiles } from './client-profiles.js';

@ApiTags('users')
@ApiBasicAuth()
@SetMetadata(ACCESS, 'client' satisfies Access)
@UseGuards(ClientGuard)
@UseFilters(RefusedClientFilter)
@ApiDefaultResponse({
  description: 'As OAuth answers a client that does not authenticate; else a problem',
  type: OAuthErrorDto,
})
@Controller({ path: 'users', version: '1' })
export class ClientUsersController {
  constructor(private readonly profiles: ClientProfiles) {}

  @Get(':id')
  @ApiOperation({ summary: 'A user of my mini-programs; the id of an absorbed account answers the survivor' })
  @ApiOkResponse({ type: UserDto })
  get(@Param('id', ParseUUIDPipe) id: string, @CurrentClient() client: OAuthClient): Promise<UserDto> {
    return this.profiles.get(id, client);
  }
}
