import { ApiProperty } from '@nestjs/swagger';
import { IsString, Length, Matches } from 'class-validator';
import { OrdinaryLoginDto } from '../sign-in/ordinary-login.dto.js';
import { ConsentDto } from '../sign-in/sign-in-bodies.dto.js';
import { ClaimPhoneField, ConsentField } from '../sign-in/sign-in-fields.js';

export class SmsCodeDto {
  @ApiProperty({ description: 'With + and country code, or of mainland China', example: '+8613800138000' })
  @IsString()
  @Length(4, 32)
  readonly phone!: string;
}

export class SmsLoginDto extends OrdinaryLoginDto {
  @ApiProperty({ description: 'As it was sent with the request for the code', example: '+8613800138000' })
  @IsString()
  @Length(4, 32)
  readonly phone!: string;

  @ApiProperty({ description: 'The code of the message', pattern: '^[0-9]{6}$' })
  @Matches(/^[0-9]{6}$/, { message: '$property must be 6 digits' })
  readonly code!: string;

  @ClaimPhoneField()
  readonly claimPhone?: boolean;

  @ConsentField()
  readonly consent?: ConsentDto;
}
