import { randomBytes } from 'node:crypto';
import type { Answer, RequestOptions, TestServer } from './test-server.js';

const SIGNATURES = {
  'image/jpeg': Buffer.from('ffd8ffe0', 'hex'),
  'image/png': Buffer.from('89504e470d0a1a0a', 'hex'),
  'image/webp': Buffer.concat([Buffer.from('RIFF'), Buffer.from('24000000', 'hex'), Buffer.from('WEBPVP8 ')]),
  'image/gif': Buffer.from('GIF89a'),
} as const;

/** The types that begin like an image here. */
export const IMAGE_TYPES = Object.keys(SIGNATURES) as (keyof typeof SIGNATURES)[];

/** So many bytes that begin like an image, and are like no others. */
export function imageOf(type: keyof typeof SIGNATURES, size = 200): Buffer {
  const signature = SIGNATURES[type];
  return Buffer.concat([signature, randomBytes(size - signature.length)]);
}

/** A part of a form: a file with a label, or a field. */
export interface FormPart {
  readonly name: string;
  readonly bytes: Buffer | string;
  readonly filename?: string;
  readonly type?: string;
}

/** A form as `wx.uploadFile` sends it. */
export function formOf(parts: readonly FormPart[]): Required<Pick<RequestOptions, 'rawBody' | 'headers'>> {
  const boundary = `----${randomBytes(12).toString('hex')}`;
  const pieces = parts.flatMap(({ name, bytes, filename, type }) => [
    `--${boundary}\r\nContent-Disposition: form-data; name="${name}"`,
    filename === undefined ? '' : `; filename="${filename}"`,
    type === undefined ? '' : `\r\nContent-Type: ${type}`,
    '\r\n\r\n',
    bytes,
    '\r\n',
  ]);
  const rawBody = Buffer.concat([...pieces, `--${boundary}--\r\n`].map((piece) => Buffer.from(piece)));
  return { rawBody, headers: { 'content-type': `multipart/form-data; boundary=${boundary}` } };
}

/** Uploads an avatar as a mini-program does. */
export function uploadAvatar(server: TestServer, token: string, bytes: Buffer, label = 'image/jpeg'): Promise<Answer> {
  const form = formOf([{ name: 'file', filename: 'tmp.jpg', type: label, bytes }]);
  return server.request('POST', '/v1/users/me/avatar', { token, ...form });
}
