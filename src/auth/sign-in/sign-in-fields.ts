import { applyDecorators } from '@nestjs/common';
import { ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsBoolean, IsObject, ValidateNested } from 'class-validator';
import { Optional } from '../../http/optional.decorator.js';
import { ConsentDto, DeviceDto } from './sign-in-bodies.dto.js';

/** The device a sign-in comes from. */
export const DeviceField = () => nested(DeviceDto);

/** What the person agreed to; asked of whoever registers while a policy is in force. */
export const ConsentField = () => nested(ConsentDto);

/** Whether the person says that the account which holds their number is somebody else's. */
export const ClaimPhoneField = () =>
  applyDecorators(
    ApiPropertyOptional({
      default: false,
      description: 'The account that holds the number is not mine: give me a new one, and the number',
    }),
    Optional(),
    IsBoolean(),
  );

function nested(type: new () => object): PropertyDecorator {
  return applyDecorators(
    ApiPropertyOptional({ type }),
    Optional(),
    IsObject(),
    ValidateNested(),
    Type(() => type),
  );
}
