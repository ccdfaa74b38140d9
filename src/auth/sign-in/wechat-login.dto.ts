import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsBoolean, Matches } from 'class-validator';
import { Optional } from '../../http/optional.decorator.js';
import { ConsentDto, DeviceDto } from './sign-in-bodies.dto.js';
import { ConsentField, DeviceField } from './sign-in-fields.js';

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

  @ConsentField()
  readonly consent?: ConsentDto;

  @DeviceField()
  readonly device?: DeviceDto;
}
