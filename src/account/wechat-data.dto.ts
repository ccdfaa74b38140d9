import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsString, Length } from 'class-validator';
import { OnlyWith } from '../http/field-company.decorator.js';
import { Optional } from '../http/optional.decorator.js';

export class DecryptDto {
  @ApiProperty({ description: 'As the mini-program got it, base64' })
  @IsString()
  @Length(1, 60_000)
  readonly encryptedData!: string;

  @ApiProperty({ description: 'As the mini-program got it, base64' })
  @IsString()
  @Length(1, 64)
  readonly iv!: string;

  @ApiPropertyOptional({ description: 'With signature: the plain data that WeChat signed' })
  @Optional()
  @IsString()
  @Length(0, 16_000)
  @OnlyWith('signature')
  readonly rawData?: string;

  @ApiPropertyOptional({ description: 'With rawData: sha1(rawData + session_key) in lower hex' })
  @Optional()
  @IsString()
  @Length(1, 64)
  @OnlyWith('rawData')
  readonly signature?: string;
}

export class SessionKeyDto {
  @ApiProperty({ enum: [true], description: 'Anything else is the error SESSION_KEY_STALE' })
  readonly valid!: true;
}
