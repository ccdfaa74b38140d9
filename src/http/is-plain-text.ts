import { registerDecorator, type ValidationOptions } from 'class-validator';

// Control and format characters, private use and lone surrogates: nothing a person types into a name, and NUL is what
// PostgreSQL cannot store.
const UNPRINTABLE = /[\p{Cc}\p{Cs}\p{Co}\u2028\u2029\u202a-\u202e\u2066-\u2069]/u;

/** Text a person may have typed: `min` to `max` characters (code points), no control characters, no lone surrogates. */
export function IsPlainText(min: number, max: number, options?: ValidationOptions): PropertyDecorator {
  return (target, property) =>
    registerDecorator({
      name: 'isPlainText',
      target: target.constructor,
      propertyName: String(property),
      options: {
        message: `$property must be text of ${min} to ${max} characters without control characters`,
        ...options,
      },
      validator: { validate: (value: unknown) => isPlainText(value, min, max) },
    });
}

export function isPlainText(value: unknown, min: number, max: number): boolean {
  if (typeof value !== 'string' || value.length > 2 * max || UNPRINTABLE.test(value)) return false;
  const length = [...value].length;
  return length >= min && length <= max;
}
