import { ApiProperty } from '@nestjs/swagger';

/**
 * The pair of tokens that signs requests and keeps a session alive. Durations in seconds from the answer on.
 *
 * Always an instance: by that answers that hold tokens are known, whatever else is called so in another.
 */
export class Tokens {
  @ApiProperty({ enum: ['Bearer'] })
  readonly tokenType!: 'Bearer';

  @ApiProperty({ description: 'JWT (RFC 9068, ES256), for the Authorization header' })
  readonly accessToken!: string;

  @ApiProperty({ description: 'Seconds until the access token expires', type: 'integer' })
  readonly expiresIn!: number;

  @ApiProperty({ description: 'Opaque; replaced by every refresh' })
  readonly refreshToken!: string;

  @ApiProperty({ description: 'Seconds until the session ends unless it is refreshed', type: 'integer' })
  readonly refreshExpiresIn!: number;
}
