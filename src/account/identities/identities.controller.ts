import { Controller, Delete, HttpCode, Param, ParseUUIDPipe } from '@nestjs/common';
import { ApiNoContentResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { CurrentUser } from '../../auth/access/access.guard.js';
import type { Principal } from '../../auth/access/principal.js';
import { FreshProof, type ProofOffered } from '../../auth/proof/fresh-proof.js';
import { ApiProofHeaders, ProofHeaders } from '../../auth/proof/proof-headers.js';
import { Bearer } from '../../http/access.decorator.js';
import { TraceId } from '../../http/trace-id.decorator.js';
import { IdentityUnlinking } from './identity-unlinking.js';

@ApiTags('users')
@Bearer()
@Controller({ path: 'users/me/identities', version: '1' })
export class IdentitiesController {
  constructor(
    private readonly freshProof: FreshProof,
    private readonly unlinking: IdentityUnlinking,
  ) {}

  @Delete(':id')
  @HttpCode(204)
  @ApiProofHeaders()
  @ApiOperation({
    summary: 'Unlink one of my identities, with a fresh proof',
    description:
      'An openid takes its sessions and session_keys along, a phone number its proof, a username the password. ' +
      'The last way into the account stays: FORBIDDEN.',
  })
  @ApiNoContentResponse()
  async unlink(
    @Param('id', ParseUUIDPipe) id: string,
    @ProofHeaders() proof: ProofOffered,
    @CurrentUser() caller: Principal,
    @TraceId() traceId: string | null,
  ): Promise<void> {
    await this.freshProof.prove(caller, proof);
    await this.unlinking.unlink(caller, id, traceId);
  }
}
