import { ApiProperty } from '@nestjs/swagger';
import { UserDto } from '../../users/user.dto.js';
import { Tokens } from '../sessions/tokens.dto.js';

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
