import type { INestApplication } from '@nestjs/common';
import {
  ApiProperty,
  ApiPropertyOptional,
  DocumentBuilder,
  SwaggerModule,
  getSchemaPath,
  type OpenAPIObject,
} from '@nestjs/swagger';
import { ERROR_CATALOG } from '../errors/catalog.js';

/** The error body, for the OpenAPI document. */
class ProblemDto {
  @ApiProperty({ example: 'urn:wechat-passport:error:VALIDATION_FAILED' })
  readonly type!: string;

  @ApiProperty({ description: 'In the language of Accept-Language, zh-CN or en' })
  readonly title!: string;

  @ApiProperty({ type: 'integer' })
  readonly status!: number;

  @ApiProperty({ enum: Object.keys(ERROR_CATALOG) })
  readonly code!: string;

  @ApiProperty({
    enum: ['fix-request', 'refresh', 'login-again', 'ask-user', 'retry-later', 'call-operator', 'stop'],
    description: 'What the client does next; the only field to branch on',
  })
  readonly remedy!: string;

  @ApiProperty()
  readonly detail!: string;

  @ApiProperty({ description: 'Also in the X-Trace-Id header' })
  readonly traceId!: string;

  @ApiPropertyOptional({ description: 'With PHONE_ALREADY_LINKED and IDENTITY_ALREADY_LINKED: permits to merge' })
  readonly mergeTicket?: string;

  @ApiPropertyOptional({ type: 'integer', description: 'Seconds' })
  readonly mergeTicketExpiresIn?: number;
}

interface ErrorAnswer {
  readonly description: string;
  readonly content?: object;
}

type Responses = Readonly<Record<string, ErrorAnswer | undefined>>;

const ABOUT = 'Identity server for WeChat mini-programs';
const ABOUT_ENVELOPE =
  'This server is configured to wrap every JSON answer under /v1, but those of /v1/wechat/push, as ' +
  '`{success, code, message, datetime, traceId, data}`. What is described here is `data`; a 204 is a 200 whose `data` is null, ' +
  'and the `data` of an error holds the members of the problem that are not said outside.';

export interface DocumentOptions {
  /** Whether the server wraps its answers (`RESPONSE_ENVELOPE`). */
  readonly responseEnvelope?: boolean;
}

/** Describes the routes of the application. Every operation may answer a problem. */
export function createOpenApiDocument(
  app: INestApplication,
  { responseEnvelope = false }: DocumentOptions = {},
): OpenAPIObject {
  const config = new DocumentBuilder()
    .setTitle('wechat-passport')
    .setDescription(responseEnvelope ? `${ABOUT}. ${ABOUT_ENVELOPE}` : ABOUT)
    .setVersion('1')
    .addBearerAuth()
    .build();
  const document = SwaggerModule.createDocument(app, config, { extraModels: [ProblemDto] });
  // The document is the same wherever the server stands.
  delete document.servers;
  for (const operations of Object.values(document.paths)) {
    for (const operation of Object.values(operations as Record<string, { responses?: Responses }>)) {
      if (operation.responses)
        operation.responses = { ...operation.responses, default: withProblem(operation.responses) };
    }
  }
  return document;
}

/** The answer of an operation that fails: a problem, or what the operation itself says it answers. */
function withProblem({ default: own }: Responses): ErrorAnswer {
  const problem = { schema: { $ref: getSchemaPath(ProblemDto) } };
  return {
    description: 'What went wrong, and the remedy',
    ...own,
    content: { ...own?.content, 'application/problem+json': problem },
  };
}

/** Serves the document at /openapi.json and a page to try it at /docs. */
export function serveDocs(app: INestApplication, options: DocumentOptions): void {
  SwaggerModule.setup('docs', app, () => createOpenApiDocument(app, options), { jsonDocumentUrl: 'openapi.json' });
}
