import {
  Controller,
  Header,
  HttpCode,
  Post,
  SetMetadata,
  UseFilters,
  UseGuards,
  VERSION_NEUTRAL,
} from '@nestjs/common';
import {
  ApiBasicAuth,
  ApiBody,
  ApiConsumes,
  ApiDefaultResponse,
  ApiOkResponse,
  ApiOperation,
  ApiTags,
} from '@nestjs/swagger';
import type { OAuthClient } from '../../config/settings.js';
import { AppError } from '../../errors/app-error.js';
import { ACCESS, type Access } from '../../http/access.decorator.js';
import { TraceId } from '../../http/trace-id.decorator.js';
import { Sessions } from '../sessions/sessions.js';
import { ClientGuard, CurrentClient } from './client.guard.js';
import { OAuthError, OAuthErrorDto, OAuthErrorFilter } from './oauth-error.js';
import { OAuthForm, requiredParameter, type OAuthParameters } from './oauth-form.js';
import { TokenIntrospection, type Introspection } from './token-introspection.js';

const form = (required: string[], ...optional: string[]) => ({
  schema: {
    type: 'object',
    required,
    properties: Object.fromEntries([...required, ...optional].map((name) => [name, { type: 'string' }])),
  },
});

/** The endpoints that back ends in any language know: refresh (RFC 6749), introspection (RFC 7662), revocation (RFC 7009). */
@ApiTags('oauth')
@ApiBasicAuth()
@ApiConsumes('application/x-www-form-urlencoded')
@SetMetadata(ACCESS, 'client' satisfies Access)
@UseGuards(ClientGuard)
@UseFilters(OAuthErrorFilter)
@ApiDefaultResponse({
  description: 'RFC 6749 section 5.2; a problem when the request could not be read',
  type: OAuthErrorDto,
})
@Controller({ path: 'oauth', version: VERSION_NEUTRAL })
export class OAuthController {
  constructor(
    private readonly sessions: Sessions,
    private readonly introspection: TokenIntrospection,
  ) {}

  @Post('token')
  @HttpCode(200)
  @Header('pragma', 'no-cache')
  @ApiOperation({ summary: 'Refresh (grant_type=refresh_token)' })
  @ApiBody(form(['grant_type', 'refresh_token']))
  @ApiOkResponse({ description: 'RFC 6749 section 5.1', schema: { type: 'object' } })
  async token(
    @OAuthForm() parameters: OAuthParameters,
    @CurrentClient() client: OAuthClient,
    @TraceId() traceId: string | null,
  ): Promise<object> {
    if (requiredParameter(parameters, 'grant_type') !== 'refresh_token') {
      throw new OAuthError('unsupported_grant_type', 'Only refresh_token is supported.');
    }
    const refreshToken = requiredParameter(parameters, 'refresh_token');
    const sessionId = await this.sessions.idOf(refreshToken);
    if (!(await this.introspection.isOfClient(sessionId, client))) throw new AppError('REFRESH_TOKEN_INVALID');
    const tokens = await this.sessions.refresh(refreshToken, undefined, traceId);
    return {
      access_token: tokens.accessToken,
      token_type: tokens.tokenType,
      expires_in: tokens.expiresIn,
      refresh_token: tokens.refreshToken,
    };
  }

  @Post('introspect')
  @HttpCode(200)
  @ApiOperation({ summary: 'Is this token good, and whose is it' })
  @ApiBody(form(['token'], 'token_type_hint'))
  @ApiOkResponse({ description: 'RFC 7662 section 2.2', schema: { type: 'object' } })
  introspect(@OAuthForm() parameters: OAuthParameters, @CurrentClient() client: OAuthClient): Promise<Introspection> {
    return this.introspection.introspect(requiredParameter(parameters, 'token'), client);
  }

  @Post('revoke')
  @HttpCode(200)
  @ApiOperation({ summary: 'End the session of this token' })
  @ApiBody(form(['token'], 'token_type_hint'))
  @ApiOkResponse({ description: 'RFC 7009 section 2.2; the same for an unknown token' })
  async revoke(
    @OAuthForm() parameters: OAuthParameters,
    @CurrentClient() client: OAuthClient,
    @TraceId() traceId: string | null,
  ): Promise<object> {
    await this.introspection.revoke(requiredParameter(parameters, 'token'), client, traceId);
    return {};
  }
}
