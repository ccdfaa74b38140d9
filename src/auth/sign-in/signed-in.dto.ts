import { ApiProperty } from '@nestjs/swagger';
import { UserDto } from '../../users/user.dto.js';
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

export class SignedInDto {
  @ApiProperty({ enum: ['signed_in'] })
  readonly status!: 'signed_in';

  @ApiProperty({ description: 'Whether this sign-in created the user' })
  readonly isNewUser!: boolean;

  @ApiProperty({ type: UserDto })
  readonly user!: UserDto;

  @ApiProperty({ type: Tokens })
  readonly tokens!: Tokens;
}
