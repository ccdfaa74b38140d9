import { ValidateIf } from 'class-validator';

/** A field that may be left out. Unlike class-validator's `@IsOptional`, null is no way of leaving it out. */
export const Optional = () => ValidateIf((_body, value) => value !== undefined);
