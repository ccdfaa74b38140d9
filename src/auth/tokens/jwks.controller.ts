import { Controller, Get, Header, VERSION_NEUTRAL } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Public } from '../../http/access.decorator.js';
import { KeyRing } from './key-ring.js';

/** Publishes the keys that verify access tokens (RFC 7517). */
@ApiTags('metadata')
@Public()
@Controller({ path: '.well-known', version: VERSION_NEUTRAL })
export class JwksController {
  constructor(private readonly keys: KeyRing) {}

  @Get('jwks.json')
  @Header('cache-control', 'public, max-age=300')
  jwks(): object {
    return { keys: this.keys.published().map((key) => ({ ...key, use: 'sig', alg: 'ES256' })) };
  }
}
