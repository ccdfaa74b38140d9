import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsBoolean, IsObject, IsString, Length, Matches, ValidateNested } from 'class-validator';
import { Optional } from '../../http/optional.decorator.js';
import { OrdinaryLoginDto } from '../sign-in/ordinary-login.dto.js';
import { ConsentDto } from '../sign-in/wechat-login.dto.js';

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

  @ApiPropertyOptional({
    default: false,
    description: 'The account that holds the number is not mine: give me a new one, and the number',
  })
  @Optional()
  @IsBoolean()
  readonly claimPhone?: boolean;

  @ApiPropertyOptional({ type: ConsentDto })
  @Optional()
  @IsObject()
  @ValidateNested()
  @Type(() => ConsentDto)
  readonly consent?: ConsentDto;
}
