import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsString, Length, Matches, ValidateIf } from 'class-validator';
import { NotWith, OnlyWith } from '../../http/field-company.decorator.js';
import { Optional } from '../../http/optional.decorator.js';
import type { PhoneProof } from '../../wechat/wechat-phones.js';

/** What the phone button gave: a code, or encrypted data and iv from an old base library. */
export class PhoneProofDto {
  @ApiPropertyOptional({ description: 'The code of the phone button; lives 5 minutes, works once' })
  @ValidateIf((body: PhoneProofDto) => body.code !== undefined || body.encryptedData === undefined)
  @Matches(/^[A-Za-z0-9_.-]{1,512}$/, { message: '$property must be 1 to 512 of A-Z a-z 0-9 _ . -' })
  readonly code?: string;

  @ApiPropertyOptional({ description: 'In place of the code, base64' })
  @Optional()
  @IsString()
  @Length(1, 60_000)
  @OnlyWith('iv')
  @NotWith('code')
  readonly encryptedData?: string;

  @ApiPropertyOptional({ description: 'With encryptedData, base64' })
  @Optional()
  @IsString()
  @Length(1, 64)
  @OnlyWith('encryptedData')
  readonly iv?: string;
}

/** The proof that a checked body holds. */
export function phoneProofOf({ code, encryptedData = '', iv = '' }: PhoneProofDto): PhoneProof {
  return code === undefined ? { encryptedData, iv } : { code };
}
