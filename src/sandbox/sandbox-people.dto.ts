import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsBoolean, IsInt, Matches, Max, Min, ValidateNested } from 'class-validator';
import { Optional } from '../http/optional.decorator.js';

const USER_ID = /^[A-Za-z0-9_-]{1,64}$/;

/** What a user of the sandbox is called by the tests that play with it. */
export const IsUserId = () => Matches(USER_ID, { message: '$property must be 1 to 64 letters, digits, _ or -' });

/** The mini-program that is meant, in every request of a phone. */
export const IsAppId = () => Matches(/^[\x21-\x7e]{1,128}$/, { message: '$property must be an appid' });

/** A phone number the way WeChat takes it apart. */
export class PhoneNumberDto {
  @ApiProperty({ pattern: '^[1-9]\\d{0,2}$', example: '86' })
  @Matches(/^[1-9]\d{0,2}$/, { message: '$property must be 1 to 3 digits' })
  countryCode!: string;

  @ApiProperty({ pattern: '^\\d{4,14}$', example: '12066600001', description: 'Without the country code' })
  @Matches(/^\d{4,14}$/, { message: '$property must be 4 to 14 digits' })
  purePhoneNumber!: string;
}

/** `POST /sandbox/users` */
export class SandboxUserRequest {
  @ApiPropertyOptional({ pattern: USER_ID.source, description: 'Random if absent' })
  @Optional()
  @IsUserId()
  id?: string;

  @ApiPropertyOptional({ description: 'Whether apps bound to an Open Platform account learn a unionid; true at first' })
  @Optional()
  @IsBoolean()
  unionid?: boolean;

  @ApiPropertyOptional({ description: 'Whether WeChat answers 40226 for this user; false at first' })
  @Optional()
  @IsBoolean()
  blocked?: boolean;

  @ApiPropertyOptional({ minimum: 0, maximum: 4, description: 'What getUserRiskRank answers; 0 at first' })
  @Optional()
  @IsInt()
  @Min(0)
  @Max(4)
  riskRank?: number;

  @ApiPropertyOptional({ type: PhoneNumberDto, description: 'Derived from the id at first' })
  @Optional()
  @ValidateNested()
  @Type(() => PhoneNumberDto)
  phone?: PhoneNumberDto;
}

/** A user of the sandbox, with the openid in every app. */
export class SandboxUserAnswer {
  @ApiProperty()
  id!: string;

  @ApiProperty({ type: 'object', additionalProperties: { type: 'string' }, description: 'appId to openid' })
  openids!: Record<string, string>;
}
