import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsBoolean, IsObject, Matches, ValidateNested } from 'class-validator';
import { Optional } from '../../http/optional.decorator.js';
import { IsPlainText } from '../../http/is-plain-text.js';

/** The device a sign-in comes from, in the words of the client; only shown back to its own user. */
export class DeviceDto {
  @ApiPropertyOptional({ description: 'Random id the client made once; a sign-in with it replaces its last session' })
  @Optional()
  @Matches(/^[A-Za-z0-9_-]{8,64}$/, { message: '$property must be 8 to 64 of A-Z a-z 0-9 _ -' })
  readonly id?: string;

  @ApiPropertyOptional({ minLength: 1, maxLength: 64 })
  @Optional()
  @IsPlainText(1, 64)
  readonly name?: string;

  @ApiPropertyOptional({ minLength: 1, maxLength: 32 })
  @Optional()
  @IsPlainText(1, 32)
  readonly platform?: string;
}

/** What the person agreed to. */
export class ConsentDto {
  @ApiProperty({ minLength: 1, maxLength: 64, description: 'The version of the privacy policy that was shown' })
  @Matches(/^[\x21-\x7e]{1,64}$/, { message: '$property must be 1 to 64 visible ASCII characters' })
  readonly policyVersion!: string;
}

export class WechatLoginDto {
  @ApiProperty({ description: 'The code of wx.login; lives 5 minutes, works once', pattern: '^[A-Za-z0-9_.-]{1,512}$' })
  @Matches(/^[A-Za-z0-9_.-]{1,512}$/, { message: '$property must be 1 to 512 of A-Z a-z 0-9 _ . -' })
  readonly code!: string;

  @ApiPropertyOptional({ description: 'The mini-program; the first configured one if absent' })
  @Optional()
  @Matches(/^[\x21-\x7e]{1,128}$/, { message: '$property must be 1 to 128 visible ASCII characters' })
  readonly appId?: string;

  @ApiPropertyOptional({ default: true, description: 'false: sign in silently or not at all' })
  @Optional()
  @IsBoolean()
  readonly createUser?: boolean;

  @ApiPropertyOptional({ type: ConsentDto })
  @Optional()
  @IsObject()
  @ValidateNested()
  @Type(() => ConsentDto)
  readonly consent?: ConsentDto;

  @ApiPropertyOptional({ type: DeviceDto })
  @Optional()
  @IsObject()
  @ValidateNested()
  @Type(() => DeviceDto)
  readonly device?: DeviceDto;
}
