import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Matches } from 'class-validator';
import { Optional } from '../../http/optional.decorator.js';
import type { PhoneProof } from '../../wechat/wechat-phones.js';
import { EncryptedPhoneField, EncryptedPhoneIvField, PhoneCodeField } from '../proof/phone-proof-fields.js';
import { ConsentDto, DeviceDto } from './sign-in-bodies.dto.js';
import { ClaimPhoneField, ConsentField, DeviceField } from './sign-in-fields.js';

export class WechatRegisterDto {
  @ApiProperty({ description: 'Of the sign-in that answered "unregistered"' })
  @Matches(/^[\x21-\x7e]{1,512}$/, { message: '$property must be 1 to 512 visible ASCII characters' })
  readonly ticket!: string;

  @PhoneCodeField('phoneCode')
  readonly phoneCode?: string;

  @EncryptedPhoneField('phoneCode')
  readonly encryptedData?: string;

  @EncryptedPhoneIvField()
  readonly iv?: string;

  @ClaimPhoneField()
  readonly claimPhone?: boolean;

  @DeviceField()
  readonly device?: DeviceDto;

  @ConsentField()
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
