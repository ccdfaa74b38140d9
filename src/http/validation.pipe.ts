import { ValidationPipe, type ArgumentMetadata, type ValidationError } from '@nestjs/common';
import { AppError } from '../errors/app-error.js';
import { isOutlandish } from './is-outlandish.js';

/** Refuses what class-transformer would drown in, or overlook: it skips fields named like a method of every object. */
class StrictValidationPipe extends ValidationPipe {
  override async transform(value: unknown, metadata: ArgumentMetadata): Promise<unknown> {
    if (metadata.type === 'body' && isOutlandish(value)) throw new AppError('VALIDATION_FAILED');
    return super.transform(value, metadata);
  }
}

/**
 * The rules of every request body: declared fields only, nothing converted, errors named by field and never by value.
 *
 * `forbidUnknownValues` and the whitelist make a body without declared rules fail closed.
 */
export const validationPipe = new StrictValidationPipe({
  whitelist: true,
  forbidNonWhitelisted: true,
  forbidUnknownValues: true,
  transform: true,
  stopAtFirstError: true,
  validationError: { target: false, value: false },
  exceptionFactory: (errors) => new AppError('VALIDATION_FAILED', { detail: describe(errors) }),
});

// Names that come from the caller are shown only if they look like names.
const FIELD_NAME = /^[A-Za-z][A-Za-z0-9_]{0,39}$/;

function describe(errors: readonly ValidationError[], path = ''): string {
  return errors
    .slice(0, 10)
    .map((error) => {
      const known = FIELD_NAME.test(error.property);
      const field = path + (known ? error.property : '(unnamed)');
      if (error.children?.length) return describe(error.children, `${field}.`);
      if (error.constraints?.['whitelistValidation']) return `${field}: is not a known field`;
      const [message = 'is not valid'] = Object.values(error.constraints ?? {});
      return `${field}: ${message.replace(`${error.property} `, '')}`;
    })
    .join('; ');
}
