import { ApiPropertyOptional } from '@nestjs/swagger';
import { Matches } from 'class-validator';
import { IsPlainText } from '../../http/is-plain-text.js';
import { Optional } from '../../http/optional.decorator.js';

/** The fresh proof before something that cannot be undone: one of the two. */
export class FreshProofDto {
  @ApiPropertyOptional({
    description: 'A fresh code of wx.login, of an identity that is linked to the caller',
    pattern: '^[A-Za-z0-9_.-]{1,512}$',
  })
  @Optional()
  @Matches(/^[A-Za-z0-9_.-]{1,512}$/, { message: '$property must be 1 to 512 of A-Z a-z 0-9 _ . -' })
  readonly code?: string;

  @ApiPropertyOptional({ minLength: 1, maxLength: 128 })
  @Optional()
  @IsPlainText(1, 128)
  readonly currentPassword?: string;
}
