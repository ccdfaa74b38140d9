import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, Matches, ValidateIf } from 'class-validator';
import { IsPlainText } from '../../http/is-plain-text.js';
import { Optional } from '../../http/optional.decorator.js';

const UnlessNull = () => ValidateIf((_body, value) => value !== undefined && value !== null);

/** The fields of a profile to change. */
export class ProfileDto {
  @ApiPropertyOptional({
    type: String,
    nullable: true,
    minLength: 1,
    maxLength: 64,
    description: 'Characters that can be seen, on one line; null clears it',
  })
  @UnlessNull()
  @IsPlainText(1, 64)
  @Matches(/\S/, { message: '$property must not be blank' })
  readonly nickname?: string | null;

  @ApiPropertyOptional({
    type: String,
    nullable: true,
    enum: [null],
    description: 'null removes the avatar; a new one comes by POST /v1/users/me/avatar only',
  })
  @Optional()
  @IsIn([null], { message: '$property can only be null: upload the picture to /v1/users/me/avatar' })
  readonly avatarUrl?: null;
}
