import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { UserDto } from '../../users/user.dto.js';
import type { MergeGround } from '../../users/merge-ticket.entity.js';
import type { ProposedMerge } from '../../users/merge-tickets.js';
import { Tokens } from '../sessions/tokens.dto.js';

/** WeChat vouches for the person, and they have no account yet. */
export class UnregisteredDto {
  @ApiProperty({ enum: ['unregistered'] })
  readonly status!: 'unregistered';

  @ApiProperty({ description: 'For registering by phone, or for an ordinary sign-in that links this WeChat identity' })
  readonly ticket!: string;

  @ApiProperty({ description: 'Seconds' })
  readonly ticketExpiresIn!: number;
}

/** Another account is the same person's by WeChat's word: the two may become one. */
export class MergeOfferDto implements ProposedMerge {
  @ApiProperty({ description: 'For POST /v1/users/me/merge' })
  readonly ticket!: string;

  @ApiProperty({ description: 'Seconds' })
  readonly expiresIn!: number;

  @ApiProperty({ enum: ['phone', 'unionid', 'openid'], description: 'What both accounts have to do with' })
  readonly with!: MergeGround;
}

export class SignedInDto {
  @ApiProperty({ enum: ['signed_in'] })
  readonly status!: 'signed_in';

  @ApiProperty({ description: 'Whether this sign-in created the user' })
  readonly isNewUser!: boolean;

  @ApiProperty({ type: UserDto })
  readonly user!: UserDto;

  @ApiProperty({ type: Tokens })
  readonly tokens!: Tokens;

  @ApiPropertyOptional({ type: MergeOfferDto })
  readonly merge?: MergeOfferDto;
}
