import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsOptional, IsString, Length, Matches } from 'class-validator';

export class RefreshDto {
  @ApiProperty()
  @IsString()
  @Length(1, 512)
  readonly refreshToken!: string;

  @ApiPropertyOptional({
    description: 'Made by the client when it stores a token, and sent with every attempt to use that token',
    pattern: '^[A-Za-z0-9_-]{8,64}$',
  })
  @IsOptional()
  @Matches(/^[A-Za-z0-9_-]{8,64}$/, { message: '$property must be 8 to 64 of A-Z a-z 0-9 _ -' })
  readonly nonce?: string;
}

export class LogoutDto {
  @ApiPropertyOptional({ description: 'Of any generation; instead of an access token, which may have expired' })
  @IsOptional()
  @IsString()
  @Length(1, 512)
  readonly refreshToken?: string;

  @ApiPropertyOptional({ enum: ['local'], default: 'local' })
  @IsOptional()
  @IsIn(['local'])
  readonly scope?: 'local';
}

export class SessionDto {
  @ApiProperty({ format: 'uuid' })
  readonly userId!: string;

  @ApiProperty({ format: 'uuid' })
  readonly sessionId!: string;

  @ApiProperty()
  readonly appId!: string;

  @ApiProperty({ type: [String] })
  readonly roles!: readonly string[];

  @ApiProperty({ format: 'date-time' })
  readonly issuedAt!: string;

  @ApiProperty({ format: 'date-time' })
  readonly expiresAt!: string;
}
