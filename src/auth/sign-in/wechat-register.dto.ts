import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsBoolean, IsObject, IsString, Length, Matches, ValidateIf, ValidateNested } from 'class-validator';
import { NotWith, OnlyWith } from '../../http/field-company.decorator.js';
import { Optional } from '../../http/optional.decorator.js';
import type { PhoneProof } from '../../wechat/wechat-phones.js';
import { ConsentDto, DeviceDto } from './wechat-login.dto.js';

export class WechatRegisterDto {
  @ApiProperty({ description: 'Of the sign-in that answered "unregistered"' })
  @Matches(/^[\x21-\x7e]{1,512}$/, { message: '$property must be 1 to 512 visible ASCII characters' })
  readonly ticket!: string;

  @ApiPropertyOptional({ description: 'The code of the phone button; lives 5 minutes, works once' })
  @ValidateIf((body: WechatRegisterDto) => body.phoneCode !== undefined || body.encryptedData === undefined)
  @Matches(/^[A-Za-z0-9_.-]{1,512}$/, { message: '$property must be 1 to 512 of A-Z a-z 0-9 _ . -' })
  readonly phoneCode?: string;

  @ApiPropertyOptional({ description: 'In place of the code, base64' })
  @Optional()
  @IsString()
  @Length(1, 60_000)
  @OnlyWith('iv')
  @NotWith('phoneCode')
  readonly encryptedData?: string;

  @ApiPropertyOptional({ description: 'With encryptedData, base64' })
  @Optional()
  @IsString()
  @Length(1, 64)
  @OnlyWith('encryptedData')
  readonly iv?: string;

  @ApiPropertyOptional({
    default: false,
    description: 'The account that holds the number is not mine: give me a new one, and the number',
  })
  @Optional()
  @IsBoolean()
  readonly claimPhone?: boolean;

  @ApiPropertyOptional({ type: DeviceDto })
  @Optional()
  @IsObject()
  @ValidateNested()
  @Type(() => DeviceDto)
  readonly device?: DeviceDto;

  @ApiPropertyOptional({ type: ConsentDto })
  @Optional()
  @IsObject()
  @ValidateNested()
  @Type(() => ConsentDto)
  readonly consent?: ConsentDto;
}

/** The proof that a checked body holds. */
export function registrationProofOf({ phoneCode, encryptedData = '', iv = '' }: WechatRegisterDto): PhoneProof {
  return phoneCode === undefined ? { encryptedData, iv } : { code: phoneCode };
}

export class WechatLinkDto {
  @ApiProperty({ description: 'The code of wx.login; lives 5 minutes, works once', pattern: '^[A-Za-z0-9_.-]{1,512}$' })
  @Matches(/^[A-Za-z0-9_.-]{1,512}$/, { message: '$property must be 1 to 512 of A-Z a-z 0-9 _ . -' })
  readonly code!: string;

  @ApiPropertyOptional({ description: "The mini-program; the session's own if absent" })
  @Optional()
  @Matches(/^[\x21-\x7e]{1,128}$/, { message: '$property must be 1 to 128 visible ASCII characters' })
  readonly appId?: string;
}
