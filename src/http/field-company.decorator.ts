import { registerDecorator } from 'class-validator';

/** A field that means something only together with another one. */
export function OnlyWith(other: string): PropertyDecorator {
  return company('onlyWith', other, true, `$property needs ${other}`);
}

/** A field that excludes another one. */
export function NotWith(other: string): PropertyDecorator {
  return company('notWith', other, false, `$property and ${other} exclude each other`);
}

function company(name: string, other: string, wanted: boolean, message: string): PropertyDecorator {
  return (target, property) =>
    registerDecorator({
      name,
      target: target.constructor,
      propertyName: String(property),
      options: { message },
      validator: {
        validate: (_value, given) => ((given?.object as Record<string, unknown>)[other] !== undefined) === wanted,
      },
    });
}
