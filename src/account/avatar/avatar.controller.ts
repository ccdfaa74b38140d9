import { Controller, Get, HttpCode, Param, ParseUUIDPipe, Post, Req, Res, StreamableFile } from '@nestjs/common';
import { ApiBody, ApiConsumes, ApiOkResponse, ApiOperation, ApiProduces, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { CurrentUser } from '../../auth/access/access.guard.js';
import type { Principal } from '../../auth/access/principal.js';
import { AppError } from '../../errors/app-error.js';
import { Bearer, Public } from '../../http/access.decorator.js';
import { TraceId } from '../../http/trace-id.decorator.js';
import { readUploadedFile } from '../../http/uploaded-file.js';
import { LimitPerUser } from '../../limits/limit-per-user.guard.js';
import { UserDto } from '../../users/user.dto.js';
import { Profiles } from '../profiles.js';
import { AvatarUpload } from './avatar-upload.js';
import { AVATARS_PATH, AvatarsRepository } from './avatars.repository.js';

// What wx.chooseMedia gives when it compresses is far below.
const MAX_BYTES = 2 * 1024 * 1024;

// Its bytes never change, so a cache need not ask; after a week the avatar of somebody who was erased is gone there too.
const CACHING = 'public, max-age=604800, immutable';

@ApiTags('users')
@Controller({ version: '1' })
export class AvatarController {
  constructor(
    private readonly avatarUpload: AvatarUpload,
    private readonly avatars: AvatarsRepository,
    private readonly profiles: Profiles,
  ) {}

  @Post('users/me/avatar')
  @HttpCode(200)
  @Bearer()
  @LimitPerUser('profile_change')
  @ApiOperation({ summary: 'Upload my avatar: JPEG, PNG, WebP or GIF of at most 2 MB' })
  @ApiConsumes('multipart/form-data')
  @ApiBody({
    schema: { type: 'object', required: ['file'], properties: { file: { type: 'string', format: 'binary' } } },
  })
  @ApiOkResponse({ type: UserDto })
  async upload(
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
    @CurrentUser() caller: Principal,
    @TraceId() traceId: string | null,
  ): Promise<UserDto> {
    const bytes = await readUploadedFile(request, reply, { field: 'file', maxBytes: MAX_BYTES });
    await this.avatarUpload.accept(caller, bytes, traceId);
    return this.profiles.get(caller.userId);
  }

  @Get(`${AVATARS_PATH}/:id`)
  @Public()
  @ApiOperation({ summary: 'An avatar, for whoever knows its URL' })
  @ApiProduces('image/jpeg', 'image/png', 'image/webp', 'image/gif')
  @ApiOkResponse({ schema: { type: 'string', format: 'binary' } })
  async show(
    @Param('id', ParseUUIDPipe) id: string,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<StreamableFile> {
    const avatar = await this.avatars.find(id);
    if (!avatar) throw new AppError('NOT_FOUND');
    // A person chose these bytes: whatever they are, a browser shows an image and runs nothing.
    reply.headers({
      'cache-control': CACHING,
      'x-content-type-options': 'nosniff',
      'content-security-policy': "default-src 'none'; sandbox",
      'cross-origin-resource-policy': 'cross-origin',
    });
    return new StreamableFile(avatar.bytes, {
      type: avatar.mediaType,
      disposition: 'inline',
      length: avatar.bytes.length,
    });
  }
}
