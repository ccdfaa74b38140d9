import { ApiProperty } from '@nestjs/swagger';
import { IsPlainText } from '../../http/is-plain-text.js';
import { OrdinaryLoginDto } from './ordinary-login.dto.js';

export class PasswordLoginDto extends OrdinaryLoginDto {
  @ApiProperty({ minLength: 1, maxLength: 128 })
  @IsPlainText(1, 128)
  readonly username!: string;

  @ApiProperty({ minLength: 1, maxLength: 128 })
  @IsPlainText(1, 128)
  readonly password!: string;
}
