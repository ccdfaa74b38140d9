import { Body, Controller, Get, HttpCode, Injectable, Post, UseGuards, type ExecutionContext } from '@nestjs/common';
import { ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Bearer, Public } from '../../http/access.decorator.js';
import { AccessGuard, CurrentUser } from '../access/access.guard.js';
import type { Principal } from '../access/principal.js';
import { LogoutDto, RefreshDto, SessionDto } from './sessions.dto.js';
import { Sessions } from './sessions.js';
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
  constructor(private readonly sessions: Sessions) {}

  @Get('session')
  @Bearer()
  @ApiOperation({ summary: 'Who am I, from the access token alone' })
  @ApiOkResponse({ type: SessionDto })
  session(@CurrentUser() principal: Principal): SessionDto {
    const { userId, sessionId, appId, roles, issuedAt, expiresAt } = principal;
    return { userId, sessionId, appId, roles, issuedAt: toIso(issuedAt), expiresAt: toIso(expiresAt) };
  }

  @Post('refresh')
  @HttpCode(200)
  @Public()
  @ApiOperation({ summary: 'Exchange a refresh token for the next pair of tokens' })
  @ApiOkResponse({ type: Tokens })
  refresh(@Body() { refreshToken, nonce }: RefreshDto): Promise<Tokens> {
    return this.sessions.refresh(refreshToken, nonce);
  }

  @Post('logout')
  @HttpCode(204)
  @Public()
  @UseGuards(LogoutGuard)
  @ApiOperation({ summary: 'Sign out, by refresh token or by access token' })
  @ApiNoContentResponse()
  async logout(@Body() { refreshToken }: LogoutDto, @CurrentUser() principal: Principal | undefined): Promise<void> {
    if (refreshToken !== undefined) await this.sessions.endByRefreshToken(refreshToken);
    else if (principal) await this.sessions.end(principal.sessionId);
  }
}

function toIso(seconds: number): string {
  return new Date(seconds * 1000).toISOString();
}
