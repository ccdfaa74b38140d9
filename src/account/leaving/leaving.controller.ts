import { Body, Controller, Get, HttpCode, Post } from '@nestjs/common';
import { ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { CurrentUser } from '../../auth/access/access.guard.js';
import type { Principal } from '../../auth/access/principal.js';
import { FreshProofDto } from '../../auth/proof/fresh-proof.dto.js';
import { FreshProof } from '../../auth/proof/fresh-proof.js';
import { Bearer } from '../../http/access.decorator.js';
import { TraceId } from '../../http/trace-id.decorator.js';
import { LimitPerUser } from '../../limits/limit-per-user.guard.js';
import { AccountExportDto } from './account-export.dto.js';
import { OwnErasure } from './own-erasure.js';
import { PersonalExport } from './personal-export.js';

@ApiTags('users')
@Bearer()
@Controller({ path: 'users/me', version: '1' })
export class LeavingController {
  constructor(
    private readonly personalExport: PersonalExport,
    private readonly freshProof: FreshProof,
    private readonly ownErasure: OwnErasure,
  ) {}

  @Get('export')
  @LimitPerUser('user_export')
  @ApiOperation({ summary: 'Everything that is kept of me' })
  @ApiOkResponse({ type: AccountExportDto })
  export(@CurrentUser() caller: Principal, @TraceId() traceId: string | null): Promise<AccountExportDto> {
    return this.personalExport.of(caller, traceId);
  }

  @Post('erase')
  @HttpCode(204)
  @ApiOperation({
    summary: 'Erase me for good, with a fresh proof',
    description: 'Signs out every device at once. Whoever signs in again is somebody new.',
  })
  @ApiNoContentResponse()
  async erase(
    @Body() proof: FreshProofDto,
    @CurrentUser() caller: Principal,
    @TraceId() traceId: string | null,
  ): Promise<void> {
    await this.freshProof.prove(caller, proof);
    await this.ownErasure.erase(caller.userId, traceId);
  }
}
