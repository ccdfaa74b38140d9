import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Matches } from 'class-validator';
import { IsPlainText } from '../../http/is-plain-text.js';
import { Optional } from '../../http/optional.decorator.js';

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
