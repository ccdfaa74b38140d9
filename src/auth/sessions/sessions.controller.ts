import { Body, Controller, Delete, Get, HttpCode, Injectable, Param, ParseUUIDPipe, Post } from '@nestjs/common';
import { UseGuards, type ExecutionContext } from '@nestjs/common';
import { ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Bearer, Public } from '../../http/access.decorator.js';
import { TraceId } from '../../http/trace-id.decorator.js';
import { AccessGuard, CurrentUser } from '../access/access.guard.js';
import type { Principal } from '../access/principal.js';
import { DeviceSessionsDto, LogoutDto, RefreshDto, SessionDto } from './sessions.dto.js';
import { Sessions } from './sessions.js';
import { SignOut } from './sign-out.js';
import { Tokens } from './tokens.dto.js';

/** A refresh token in the body is proof enough to end its session; without one the access token is. */
@Injectable()
export class LogoutGuard extends AccessGuard {
  protected override isOpen(context: ExecutionContext): boolean {
    const { body } = context.switchToHttp().getRequest<{ body?: { refreshToken?: unknown } | null }>();
    return body?.refreshToken !== undefined;
  }
}

@ApiTags('auth')
@Controller({ path: 'auth', version: '1' })
export class SessionsController {
  constructor(
    private readonly sessions: Sessions,
    private readonly signOut: SignOut,
  ) {}

  @Get('session')
  @Bearer()
  @ApiOperation({ summary: 'Who am I, from the access token alone' })
  @ApiOkResponse({ type: SessionDto })
  session(@CurrentUser() principal: Principal): SessionDto {
    return sessionOf(principal);
  }

  @Get('sessions')
  @Bearer()
  @ApiOperation({ summary: 'My devices: every session of mine that is alive' })
  @ApiOkResponse({ type: DeviceSessionsDto })
  async list(@CurrentUser() { userId, sessionId }: Principal): Promise<DeviceSessionsDto> {
    return { sessions: await this.sessions.list(userId, sessionId) };
  }

  @Delete('sessions/:id')
  @HttpCode(204)
  @Bearer()
  @ApiOperation({ summary: 'Sign out one of my devices' })
  @ApiNoContentResponse()
  async end(
    @Param('id', ParseUUIDPipe) id: string,
    @CurrentUser() { userId }: Principal,
    @TraceId() traceId: string | null,
  ): Promise<void> {
    await this.signOut.device(userId, id, traceId);
  }

  @Post('refresh')
  @HttpCode(200)
  @Public()
  @ApiOperation({ summary: 'Exchange a refresh token for the next pair of tokens' })
  @ApiOkResponse({ type: Tokens })
  refresh(@Body() { refreshToken, nonce }: RefreshDto, @TraceId() traceId: string | null): Promise<Tokens> {
    return this.sessions.refresh(refreshToken, nonce, traceId);
  }

  @Post('logout')
  @HttpCode(204)
  @Public()
  @UseGuards(LogoutGuard)
  @ApiOperation({ summary: 'Sign out, by refresh token or by access token' })
  @ApiNoContentResponse()
  async logout(
    @Body() { refreshToken, scope = 'local' }: LogoutDto,
    @CurrentUser() principal: Principal | undefined,
    @TraceId() traceId: string | null,
  ): Promise<void> {
    if (refreshToken !== undefined) await this.signOut.byRefreshToken(refreshToken, scope, traceId);
    else if (principal) await this.signOut.of(principal.userId, principal.sessionId, scope, traceId);
  }
}

// A principal is remembered with its token, and so is what is said of it.
const said = new WeakMap<Principal, SessionDto>();

function sessionOf(principal: Principal): SessionDto {
  const { userId, sessionId, appId, roles, issuedAt, expiresAt } = principal;
  let session = said.get(principal);
  if (!session) {
    session = { userId, sessionId, appId, roles, issuedAt: toIso(issuedAt), expiresAt: toIso(expiresAt) };
    said.set(principal, session);
  }
  return session;
}

function toIso(seconds: number): string {
  return new Date(seconds * 1000).toISOString();
}
