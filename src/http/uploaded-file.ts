import { Busboy, type BusboyFileStream, type BusboyHeaders } from '@fastify/busboy';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { AppError } from '../errors/app-error.js';

const FORM = /^multipart\//i;
// Boundaries, headers of the parts, and the few fields that `wx.uploadFile` may send along.
const ENVELOPE_BYTES = 16 * 1024;
const ENVELOPE = { files: 1, fields: 10, parts: 11, fieldNameSize: 100, fieldSize: 1024, headerPairs: 20 };

/** Which file of a form is wanted. */
export interface WantedFile {
  readonly field: string;
  readonly maxBytes: number;
}

/**
 * Reads the one file of a multipart request into memory, and not a byte beyond the limit.
 *
 * What the client says of the file, its name and type, is not looked at.
 *
 * @throws AppError PAYLOAD_TOO_LARGE; VALIDATION_FAILED - not multipart, damaged, or without this file
 */
export async function readUploadedFile(
  request: FastifyRequest,
  reply: FastifyReply,
  { field, maxBytes }: WantedFile,
): Promise<Buffer> {
  if (!FORM.test(request.headers['content-type'] ?? '')) throw withoutFile(field);
  try {
    if (Number(request.headers['content-length'] ?? 0) > maxBytes + ENVELOPE_BYTES) throw tooLarge();
    return await fileIn(request, { field, maxBytes });
  } catch (error) {
    // The rest of the body is not read, so nothing else can come behind it.
    reply.header('connection', 'close');
    throw asRefusal(error, field);
  }
}

/** The first file of a form; what stands behind it is read and not looked at. */
function fileIn({ raw, headers }: FastifyRequest, { field, maxBytes }: WantedFile): Promise<Buffer> {
  // Throws where the body is no form, or has no boundary.
  const form = new Busboy({ headers: headers as BusboyHeaders, limits: { ...ENVELOPE, fileSize: maxBytes } });
  return new Promise((resolve, reject) => {
    if (raw.destroyed && !raw.complete) throw withoutFile(field);
    let found: BusboyFileStream | undefined;
    const fail = (error: Error): void => {
      raw.unpipe(form);
      found?.destroy();
      reject(error);
    };
    form.on('error', (error) => fail(error as Error));
    form.once('file', (name, file) => {
      found = file.once('limit', () => fail(tooLarge())).once('error', fail);
      if (name === field) contentOf(file).then(resolve, fail);
      else fail(withoutFile(field));
    });
    form.once('finish', () => {
      if (!found) fail(withoutFile(field));
    });
    raw.once('close', () => {
      if (!raw.complete) fail(withoutFile(field));
    });
    raw.pipe(form);
  });
}

async function contentOf(file: BusboyFileStream): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of file) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

function asRefusal(error: unknown, field: string): AppError {
  if (error instanceof AppError) return error;
  const { statusCode } = error as { statusCode?: unknown };
  if (statusCode === 413) return tooLarge();
  return new AppError('VALIDATION_FAILED', { cause: error, detail: `${field}: the form could not be read` });
}

function withoutFile(field: string): AppError {
  return new AppError('VALIDATION_FAILED', { detail: `${field}: must be a file in multipart/form-data` });
}

function tooLarge(): AppError {
  return new AppError('PAYLOAD_TOO_LARGE');
}
