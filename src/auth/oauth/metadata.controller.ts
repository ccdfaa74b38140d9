import { Controller, Get, Header, VERSION_NEUTRAL } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { ServerSettings, TokenSettings } from '../../config/settings.js';
import { Public } from '../../http/access.decorator.js';

const CLIENT_AUTHENTICATION = ['client_secret_basic', 'client_secret_post'];

/** Tells OAuth libraries where everything is (RFC 8414). */
@ApiTags('metadata')
@Public()
@Controller({ path: '.well-known', version: VERSION_NEUTRAL })
export class MetadataController {
  constructor(
    private readonly server: ServerSettings,
    private readonly tokens: TokenSettings,
  ) {}

  @Get('oauth-authorization-server')
  @Header('cache-control', 'public, max-age=3600')
  metadata(): object {
    const { publicUrl } = this.server;
    return {
      issuer: this.tokens.issuer,
      jwks_uri: `${publicUrl}/.well-known/jwks.json`,
      token_endpoint: `${publicUrl}/oauth/token`,
      token_endpoint_auth_methods_supported: CLIENT_AUTHENTICATION,
      introspection_endpoint: `${publicUrl}/oauth/introspect`,
      introspection_endpoint_auth_methods_supported: CLIENT_AUTHENTICATION,
      revocation_endpoint: `${publicUrl}/oauth/revoke`,
      revocation_endpoint_auth_methods_supported: CLIENT_AUTHENTICATION,
      grant_types_supported: ['refresh_token'],
      // Required by RFC 8414; there is no authorization endpoint.
      response_types_supported: [],
    };
  }
}
