import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Matches } from 'class-validator';
import { IsPlainText } from '../../http/is-plain-text.js';
import { Optional } from '../../http/optional.decorator.js';

export class PasswordDto {
  @ApiPropertyOptional({
    minLength: 3,
    maxLength: 64,
    description: 'Chosen once: letters, digits and . _ @ -, of which capitals and full-width forms are the same',
  })
  @Optional()
  @IsPlainText(3, 64)
  readonly username?: string;

  @ApiProperty({ minLength: 8, maxLength: 128 })
  @IsPlainText(8, 128)
  readonly newPassword!: string;

  @ApiPropertyOptional({ minLength: 1, maxLength: 128, description: 'Proof: the password so far' })
  @Optional()
  @IsPlainText(1, 128)
  readonly currentPassword?: string;

  @ApiPropertyOptional({
    description: 'Proof: a fresh code of wx.login, of an identity that is linked to the caller',
    pattern: '^[A-Za-z0-9_.-]{1,512}$',
  })
  @Optional()
  @Matches(/^[A-Za-z0-9_.-]{1,512}$/, { message: '$property must be 1 to 512 of A-Z a-z 0-9 _ . -' })
  readonly code?: string;
}
