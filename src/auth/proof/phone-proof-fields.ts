import { applyDecorators } from '@nestjs/common';
import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsString, Length, Matches, ValidateIf } from 'class-validator';
import { NotWith, OnlyWith } from '../../http/field-company.decorator.js';
import { Optional } from '../../http/optional.decorator.js';

/** The code of the phone button, in a body that may hold `encryptedData` and `iv` in its place. */
export const PhoneCodeField = (name: string) =>
  applyDecorators(
    ApiPropertyOptional({ description: 'The code of the phone button; lives 5 minutes, works once' }),
    ValidateIf(
      (body: Readonly<Record<string, unknown>>) => body[name] !== undefined || body['encryptedData'] === undefined,
    ),
    Matches(/^[A-Za-z0-9_.-]{1,512}$/, { message: '$property must be 1 to 512 of A-Z a-z 0-9 _ . -' }),
  );

/** What old base libraries get in place of the code, which the body has under this name. */
export const EncryptedPhoneField = (codeName: string) =>
  applyDecorators(
    ApiPropertyOptional({ description: 'In place of the code, base64' }),
    Optional(),
    IsString(),
    Length(1, 60_000),
    OnlyWith('iv'),
    NotWith(codeName),
  );

/** What decrypts it together with the session_key. */
export const EncryptedPhoneIvField = () =>
  applyDecorators(
    ApiPropertyOptional({ description: 'With encryptedData, base64' }),
    Optional(),
    IsString(),
    Length(1, 64),
    OnlyWith('encryptedData'),
  );
