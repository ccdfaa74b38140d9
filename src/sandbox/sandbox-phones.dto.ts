import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsIn, IsInt, IsObject, Max, Min, ValidateNested } from 'class-validator';
import { Optional } from '../http/optional.decorator.js';
import { USER_DATA_KINDS, type UserDataKind } from './phones.js';
import { IsAppId, IsUserId, PhoneNumberDto } from './sandbox-people.dto.js';
import { COUNTRY_CODE_TYPES, type CountryCodeType } from './user-data.js';

// Year 3000: what is meant as milliseconds is refused.
const TIMESTAMP_MAX = 32_503_680_000;

/** Somebody with a phone, and the mini-program that is open on it. */
export class PhoneRequest {
  @ApiProperty({ description: 'Made if unknown' })
  @IsUserId()
  user!: string;

  @ApiPropertyOptional({ description: 'The first app if absent' })
  @Optional()
  @IsAppId()
  appId?: string;
}

/** What `wx.login` and `wx.pluginLogin` hand to the mini-program. */
export class PhoneCodeAnswer {
  @ApiProperty()
  code!: string;

  @ApiProperty({ description: 'Seconds' })
  expiresIn!: number;
}

/** `POST /sandbox/phone-number` */
export class PhoneButtonRequest extends PhoneRequest {
  @ApiPropertyOptional({ type: PhoneNumberDto, description: "The user's own number if absent" })
  @Optional()
  @ValidateNested()
  @Type(() => PhoneNumberDto)
  phone?: PhoneNumberDto;

  @ApiPropertyOptional({ enum: COUNTRY_CODE_TYPES, default: 'string', description: 'How getuserphonenumber spells it' })
  @Optional()
  @IsIn(COUNTRY_CODE_TYPES)
  countryCodeType?: CountryCodeType;
}

/** What the phone button hands to the mini-program. */
export class PhoneButtonAnswerDto extends PhoneCodeAnswer {
  @ApiPropertyOptional({ description: 'Only with a live session_key, as older base libraries get it' })
  encryptedData?: string;

  @ApiPropertyOptional()
  iv?: string;
}

/** A watermark that is not the true one; what is left out is true. */
export class WatermarkDto {
  @ApiPropertyOptional({ minimum: 0, description: 'Seconds since 1970' })
  @Optional()
  @IsInt()
  @Min(0)
  @Max(TIMESTAMP_MAX)
  timestamp?: number;

  @ApiPropertyOptional()
  @Optional()
  @IsAppId()
  appid?: string;
}

/** `POST /sandbox/encrypted-data` */
export class UserDataRequest extends PhoneRequest {
  @ApiProperty({ enum: USER_DATA_KINDS })
  @IsIn(USER_DATA_KINDS)
  kind!: UserDataKind;

  @ApiPropertyOptional({ type: 'object', additionalProperties: true, description: 'Replaces fields of the plain data' })
  @Optional()
  @IsObject()
  data?: Record<string, unknown>;

  @ApiPropertyOptional({ type: WatermarkDto })
  @Optional()
  @ValidateNested()
  @Type(() => WatermarkDto)
  watermark?: WatermarkDto;
}

/** Encrypted data as the mini-program receives it. */
export class UserDataAnswerDto {
  @ApiProperty()
  encryptedData!: string;

  @ApiProperty()
  iv!: string;

  @ApiPropertyOptional({ description: 'For userInfo: what is open of it, as JSON text' })
  rawData?: string;

  @ApiPropertyOptional({ description: 'For userInfo: of rawData' })
  signature?: string;
}

/** What `getLatestUserKey` hands to the mini-program. */
export class UserKeyAnswer {
  @ApiProperty({ description: '16 bytes in base64' })
  encryptKey!: string;

  @ApiProperty()
  iv!: string;

  @ApiProperty()
  version!: number;

  @ApiProperty({ description: 'Milliseconds since 1970' })
  expireTime!: number;
}
