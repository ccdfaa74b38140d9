import type { TestServer } from './test-server.js';

/** What the document uses of JSON Schema, in the dialect of OpenAPI 3.0. */
export interface Schema {
  readonly $ref?: string;
  readonly oneOf?: readonly Schema[];
  readonly allOf?: readonly Schema[];
  readonly type?: string;
  readonly nullable?: boolean;
  readonly enum?: readonly unknown[];
  readonly pattern?: string;
  readonly format?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | Schema;
}

/** What one method of one path takes and answers. */
export interface Operation {
  readonly method: string;
  /** With parameters in braces. */
  readonly path: string;
  readonly parameters: readonly { readonly name: string; readonly in: string }[];
  readonly body: { readonly type: string; readonly schema: Schema } | null;
  /** Schema of the body by status and media type; an answer without a body has no media type. */
  readonly answers: Readonly<Record<string, Readonly<Record<string, Schema>>>>;
  readonly security: 'bearer' | 'basic' | null;
}

interface Content {
  readonly content?: Readonly<Record<string, { readonly schema: Schema }>>;
}

interface OperationObject {
  readonly parameters?: Operation['parameters'];
  readonly requestBody?: Content;
  readonly responses: Readonly<Record<string, Content>>;
  readonly security?: readonly object[];
}

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, OperationObject>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
}

/** The API as a server describes itself. */
export class Api {
  readonly operations: readonly Operation[];

  constructor(private readonly document: Document) {
    this.operations = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => read(method.toUpperCase(), path, operation)),
    );
  }

  /** Asks a running server. */
  static async of(server: Pick<TestServer, 'get'>): Promise<Api> {
    return new Api((await server.get('/openapi.json')).body as Document);
  }

  /** The schema itself, where there is only its name. @throws for a name that the document does not explain */
  resolve(schema: Schema): Schema {
    if (schema.$ref === undefined) return schema;
    const name = schema.$ref.replace('#/components/schemas/', '');
    const found = this.document.components.schemas[name];
    if (!found) throw new Error(`the document does not explain ${schema.$ref}`);
    return found;
  }

  /** The operation of this name, such as `POST /v1/auth/refresh`. */
  get(name: string): Operation {
    const found = this.operations.find((operation) => titleOf(operation) === name);
    if (!found) throw new Error(`the document has no ${name}`);
    return found;
  }
}

/** `POST /v1/auth/refresh` */
export function titleOf({ method, path }: Pick<Operation, 'method' | 'path'>): string {
  return `${method} ${path}`;
}

function read(method: string, path: string, operation: OperationObject): Operation {
  const [body] = Object.entries(operation.requestBody?.content ?? {});
  const schemes = (operation.security ?? []).flatMap((one) => Object.keys(one));
  return {
    method,
    path,
    parameters: operation.parameters ?? [],
    body: body ? { type: body[0], schema: body[1].schema } : null,
    answers: Object.fromEntries(
      Object.entries(operation.responses).map(([status, { content = {} }]) => [
        status,
        Object.fromEntries(Object.entries(content).map(([type, { schema }]) => [type, schema])),
      ]),
    ),
    security: schemes.includes('bearer') ? 'bearer' : schemes.includes('basic') ? 'basic' : null,
  };
}
