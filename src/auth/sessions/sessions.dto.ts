import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsString, Length, Matches } from 'class-validator';
import { Optional } from '../../http/optional.decorator.js';

/** What a sign-out ends. */
export type LogoutScope = 'local' | 'others' | 'global';

export class RefreshDto {
  @ApiProperty()
  @IsString()
  @Length(1, 4096)
  readonly refreshToken!: string;

  @ApiPropertyOptional({
    description: 'Made by the client when it stores a token, and sent with every attempt to use that token',
    pattern: '^[A-Za-z0-9_-]{8,64}$',
  })
  @Optional()
  @Matches(/^[A-Za-z0-9_-]{8,64}$/, { message: '$property must be 8 to 64 of A-Z a-z 0-9 _ -' })
  readonly nonce?: string;
}

export class LogoutDto {
  @ApiPropertyOptional({ description: 'Of any generation; instead of an access token, which may have expired' })
  @Optional()
  @IsString()
  @Length(1, 4096)
  readonly refreshToken?: string;

  @ApiPropertyOptional({
    enum: ['local', 'others', 'global'],
    default: 'local',
    description: 'This session, all others of the user, or all of them',
  })
  @Optional()
  @IsIn(['local', 'others', 'global'])
  readonly scope?: LogoutScope;
}

/** A session as its person sees it: a device that is signed in. */
export class DeviceSessionDto {
  @ApiProperty({ format: 'uuid' })
  readonly id!: string;

  @ApiProperty()
  readonly appId!: string;

  @ApiProperty({ type: String, nullable: true })
  readonly deviceName!: string | null;

  @ApiProperty({ type: String, nullable: true })
  readonly devicePlatform!: string | null;

  @ApiProperty({ format: 'date-time' })
  readonly createdAt!: string;

  @ApiProperty({ format: 'date-time', description: 'When it was opened or last refreshed' })
  readonly lastUsedAt!: string;

  @ApiProperty({ description: 'Whether it is the session of this request' })
  readonly current!: boolean;
}

export class DeviceSessionsDto {
  @ApiProperty({ type: [DeviceSessionDto], description: 'The one used last first' })
  readonly sessions!: DeviceSessionDto[];
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
