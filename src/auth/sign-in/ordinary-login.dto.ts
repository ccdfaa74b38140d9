import { ApiPropertyOptional } from '@nestjs/swagger';
import { Matches } from 'class-validator';
import { Optional } from '../../http/optional.decorator.js';
import { DeviceDto } from './sign-in-bodies.dto.js';
import { DeviceField } from './sign-in-fields.js';

/** What every sign-in without WeChat may say of where it takes place. */
export class OrdinaryLoginDto {
  @ApiPropertyOptional({ description: 'Links the WeChat identity that the ticket stands for' })
  @Optional()
  @Matches(/^[\x21-\x7e]{1,512}$/, { message: '$property must be 1 to 512 visible ASCII characters' })
  readonly ticket?: string;

  @ApiPropertyOptional({ description: 'The mini-program; the first configured one if absent' })
  @Optional()
  @Matches(/^[\x21-\x7e]{1,128}$/, { message: '$property must be 1 to 128 visible ASCII characters' })
  readonly appId?: string;

  @DeviceField()
  readonly device?: DeviceDto;
}
