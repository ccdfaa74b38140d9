import 'reflect-metadata';
import { Body, Controller, Module, Post, Query, type Type } from '@nestjs/common';
import { Type as Nested, plainToInstance } from 'class-transformer';
import { IsArray, IsObject, IsOptional, IsString, ValidateNested, getMetadataStorage } from 'class-validator';
import { createHttpApp } from '../../src/configure-app.js';
import { createLogger } from '../../src/logging/logger.js';
import { declaredRoutes, type DeclaredRoute } from '../support/routes.js';
import { startTestApp } from '../support/test-app.js';

// Under Jest the class of a literal is not the one that is named Object.
const BUILT_IN = new Set<unknown>([
  {}.constructor,
  Object,
  String,
  Number,
  Boolean,
  Array,
  Date,
  Buffer,
  Function,
  Promise,
  undefined,
]);

describe('what a request may send', () => {
  let routes: DeclaredRoute[];
  beforeAll(async () => {
    const server = await startTestApp({ WECHAT_SANDBOX: 'true' });
    routes = declaredRoutes(server.app);
    await server.close();
  });

  it('has rules of its own wherever a handler takes a body', () => {
    const bodies = routes.flatMap(({ parameters }) => parameters).filter(({ source }) => source === 'BODY');
    expect(bodies.length).toBeGreaterThan(5);
    expect(unruled(routes, 'BODY')).toEqual([]);
  });

  it('has rules of its own wherever a handler takes the whole query', () => {
    expect(unruled(routes, 'QUERY')).toEqual([]);
  });
});

describe('the search for bodies without rules', () => {
  let found: string[];
  let foundInQueries: string[];
  beforeAll(async () => {
    const app = await createHttpApp(ProbeModule, { logger: createLogger('silent'), trustProxyHops: 0 });
    await app.init();
    found = unruled(declaredRoutes(app), 'BODY');
    foundInQueries = unruled(declaredRoutes(app), 'QUERY');
    await app.close();
  });

  it('reports an interface, which is gone at run time', () => {
    expect(found).toContain('ProbeController.byInterface: the body is of type Object');
    expect(foundInQueries).toContain('ProbeController.query: the query is of type Object');
  });

  it('reports a class without rules', () => {
    expect(found).toContain('ProbeController.byBareClass: BareDto has no rules');
  });

  it('reports a single field, which no class rules', () => {
    expect(found).toContain("ProbeController.byField: takes the field 'name' alone");
  });

  it('reports a nested type without rules, without a type, or that is not looked into', () => {
    expect(found).toEqual(
      expect.arrayContaining([
        'ProbeController.nested: NestedDto.bare: BareDto has no rules',
        'ProbeController.nested: NestedDto.untyped: @ValidateNested without @Type',
        'ProbeController.nested: NestedDto.closed: RuledDto is not validated, @ValidateNested is missing',
        'ProbeController.nested: NestedDto.list: no rule for the elements',
      ]),
    );
  });

  it('reports nothing else', () => {
    expect(found).toHaveLength(7);
    expect(foundInQueries).toHaveLength(1);
  });
});

/** What is wrong with the bodies, or the queries, of these routes: one line for each gap, by handler. */
function unruled(routes: readonly DeclaredRoute[], source: 'BODY' | 'QUERY'): string[] {
  return routes.flatMap(({ handler, parameters }) =>
    parameters
      .filter((parameter) => parameter.source === source)
      .flatMap(({ field, type }) => {
        if (field !== undefined) return source === 'BODY' ? [`takes the field '${field}' alone`] : [];
        if (BUILT_IN.has(type)) return [`the ${source.toLowerCase()} is of type ${type?.name ?? 'undefined'}`];
        return gapsIn(type!);
      })
      .map((gap) => `${handler}: ${gap}`),
  );
}

/** The fields of a class, at any depth, that would let anything through. */
function gapsIn(type: Type, above: readonly Type[] = []): string[] {
  if (above.includes(type)) return [];
  const rules = getMetadataStorage().getTargetValidationMetadatas(type, '', false, false);
  if (rules.length === 0) return [`${type.name} has no rules`];
  const fields = [...new Set(rules.map((rule) => rule.propertyName))];
  return fields.flatMap((field) => {
    const ofField = rules.filter((rule) => rule.propertyName === field);
    const declared = Reflect.getMetadata('design:type', type.prototype as object, field) as Type | undefined;
    if (ofField.some((rule) => rule.type === 'nestedValidation')) {
      const nested = nestedTypeOf(type, field, declared === Array);
      if (BUILT_IN.has(nested)) return [`${type.name}.${field}: @ValidateNested without @Type`];
      return gapsIn(nested!, [...above, type]).map((gap) => `${type.name}.${field}: ${gap}`);
    }
    if (declared === Array && !ofField.some((rule) => rule.each)) {
      return [`${type.name}.${field}: no rule for the elements`];
    }
    if (!BUILT_IN.has(declared)) {
      return [`${type.name}.${field}: ${declared!.name} is not validated, @ValidateNested is missing`];
    }
    return [];
  });
}

/** The class that class-transformer makes of an object in this field, found by letting it make one. */
function nestedTypeOf(type: Type, field: string, list: boolean): Type | undefined {
  const made = plainToInstance(type, { [field]: list ? [{}] : {} }) as Record<string, unknown>;
  const value = list ? (made[field] as unknown[])[0] : made[field];
  return (value as object).constructor as Type;
}

interface SomeInterface {
  readonly name: string;
}

class BareDto {
  readonly name!: string;
}

class RuledDto {
  @IsString()
  readonly name!: string;
}

class NestedDto {
  @ValidateNested()
  @Nested(() => RuledDto)
  readonly good!: RuledDto;

  @ValidateNested({ each: true })
  @Nested(() => RuledDto)
  readonly goods!: RuledDto[];

  @IsOptional()
  @IsString({ each: true })
  readonly names?: string[];

  @ValidateNested()
  @Nested(() => BareDto)
  readonly bare!: BareDto;

  @ValidateNested()
  readonly untyped!: SomeInterface;

  @IsObject()
  readonly closed!: RuledDto;

  @IsArray()
  readonly list!: string[];
}

@Controller('probe')
class ProbeController {
  @Post('interface')
  byInterface(@Body() body: SomeInterface): string {
    return body.name;
  }

  @Post('bare')
  byBareClass(@Body() body: BareDto): string {
    return body.name;
  }

  @Post('field')
  byField(@Body('name') name: string): string {
    return name;
  }

  @Post('ruled')
  byRuledClass(@Body() body: RuledDto): string {
    return body.name;
  }

  @Post('nested')
  nested(@Body() body: NestedDto): string {
    return body.good.name;
  }

  @Post('query')
  query(@Query() query: SomeInterface, @Query('name') name: string): string {
    return query.name + name;
  }
}

@Module({ controllers: [ProbeController] })
class ProbeModule {}
