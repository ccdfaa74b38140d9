import { Body, Controller, HttpCode, Put } from '@nestjs/common';
import { ApiNoContentResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { CurrentUser } from '../../auth/access/access.guard.js';
import type { Principal } from '../../auth/access/principal.js';
import { readNewPassword } from '../../auth/credentials/password-rules.js';
import { AppError } from '../../errors/app-error.js';
import { Bearer } from '../../http/access.decorator.js';
import { TraceId } from '../../http/trace-id.decorator.js';
import { CredentialsRepository } from '../../users/credentials.repository.js';
import { isUsername, normaliseUsername } from '../../users/username.js';
import { PasswordChange } from './password-change.js';
import { PasswordProof } from './password-proof.js';
import { PasswordDto } from './password.dto.js';

@ApiTags('users')
@Bearer()
@Controller({ path: 'users/me/password', version: '1' })
export class PasswordController {
  constructor(
    private readonly credentials: CredentialsRepository,
    private readonly proof: PasswordProof,
    private readonly change: PasswordChange,
  ) {}

  @Put()
  @HttpCode(204)
  @ApiOperation({
    summary: 'Set my password, with a fresh proof, and sign out my other devices',
    description:
      'The proof is currentPassword or code; after a sign-in by SMS within the last 10 minutes none is needed.',
  })
  @ApiNoContentResponse()
  async set(
    @Body() body: PasswordDto,
    @CurrentUser() caller: Principal,
    @TraceId() traceId: string | null,
  ): Promise<void> {
    const username = body.username === undefined ? null : readUsername(body.username);
    const password = readNewPassword(body.newPassword, username);
    const credentials = await this.credentials.findOfUser(caller.userId);
    if (!credentials) throw new AppError('USER_DISABLED', { context: { userId: caller.userId } });
    await this.proof.demand(caller, body);
    await this.change.set(caller, credentials, { username, password }, traceId);
  }
}

function readUsername(text: string): string {
  const username = normaliseUsername(text);
  if (isUsername(username)) return username;
  throw new AppError('VALIDATION_FAILED', {
    detail: 'username: must be 3 to 64 letters, digits and . _ @ -, the first a letter or a digit',
  });
}
