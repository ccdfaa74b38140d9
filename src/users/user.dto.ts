import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import type { IdentityKind } from './identity.entity.js';
import type { IdentityProfile, UserProfile } from './user-profile.js';

export class IdentityDto implements IdentityProfile {
  @ApiProperty({ format: 'uuid' })
  readonly id!: string;

  @ApiProperty({ enum: ['wechat_openid', 'wechat_unionid', 'phone', 'username'] })
  readonly kind!: IdentityKind;

  @ApiPropertyOptional({ description: 'The mini-program, for kind wechat_openid' })
  readonly appId?: string;
}

export class UserDto implements UserProfile {
  @ApiProperty({ format: 'uuid' })
  readonly id!: string;

  @ApiProperty({ type: String, nullable: true })
  readonly nickname!: string | null;

  @ApiProperty({ type: String, nullable: true })
  readonly avatarUrl!: string | null;

  @ApiProperty({ type: String, nullable: true, description: 'Masked' })
  readonly phone!: string | null;

  @ApiProperty({ type: [IdentityDto] })
  readonly identities!: IdentityDto[];

  @ApiProperty({ format: 'date-time' })
  readonly createdAt!: string;
}
