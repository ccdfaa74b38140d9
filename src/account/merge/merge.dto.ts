import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Matches } from 'class-validator';
import { Tokens } from '../../auth/sessions/tokens.dto.js';
import { IsPlainText } from '../../http/is-plain-text.js';
import { Optional } from '../../http/optional.decorator.js';
import { UserDto } from '../../users/user.dto.js';

/** What permits to claim a number. */
export class ClaimDto {
  @ApiProperty({ description: 'From PHONE_ALREADY_LINKED', pattern: '^[A-Za-z0-9_-]{43}$' })
  @Matches(/^[A-Za-z0-9_-]{43}$/, { message: '$property must be a ticket' })
  readonly mergeTicket!: string;
}

/** What permits to merge two accounts. */
export class MergeDto {
  @ApiProperty({
    description: 'From PHONE_ALREADY_LINKED, IDENTITY_ALREADY_LINKED or `merge` of a sign-in',
    pattern: '^[A-Za-z0-9_-]{43}$',
  })
  @Matches(/^[A-Za-z0-9_-]{43}$/, { message: '$property must be a ticket' })
  readonly mergeTicket!: string;

  @ApiPropertyOptional({
    description: 'Proof: a fresh code of wx.login, of an identity that is linked to the caller',
    pattern: '^[A-Za-z0-9_.-]{1,512}$',
  })
  @Optional()
  @Matches(/^[A-Za-z0-9_.-]{1,512}$/, { message: '$property must be 1 to 512 of A-Z a-z 0-9 _ . -' })
  readonly code?: string;

  @ApiPropertyOptional({ minLength: 1, maxLength: 128, description: 'Proof: the password, in place of the code' })
  @Optional()
  @IsPlainText(1, 128)
  readonly currentPassword?: string;
}

export class MergedDto {
  @ApiProperty({ type: UserDto, description: 'The older of the two accounts, with what both had' })
  readonly user!: UserDto;

  @ApiProperty({ type: Tokens, description: 'Of a new session; those of the absorbed account are dead' })
  readonly tokens!: Tokens;

  @ApiProperty({ format: 'uuid', description: 'Leads to the survivor from now on' })
  readonly absorbedUserId!: string;
}
