import { Agent, request as send } from 'node:http';
import { formOf } from '../uploads.js';

/** What a mini-program gives to `wx.request`, `wx.uploadFile` or `wx.downloadFile`. */
export interface WxRequest {
  readonly url: string;
  readonly method?: string;
  readonly header?: Readonly<Record<string, string>>;
  readonly data?: unknown;
  /** Milliseconds; 60,000 unless told otherwise. */
  readonly timeout?: number;
  /** Of an upload, a key of the phone's `files`. */
  readonly filePath?: string;
  readonly name?: string;
  readonly formData?: Readonly<Record<string, string>>;
}

/** What arrives in `success`, whatever the status is. */
export interface WxResponse {
  readonly statusCode: number;
  readonly header: Readonly<Record<string, string>>;
  readonly data?: unknown;
  readonly tempFilePath?: string;
}

export type WxRequestKind = 'request' | 'uploadFile' | 'downloadFile';

const agent = new Agent({ keepAlive: true });

/** Sends a request as WeChat does. The body is returned as bytes. */
export function sendAsWechat(
  kind: WxRequestKind,
  { url, method = 'GET', header = {}, data, filePath = '', name = '', formData = {} }: WxRequest,
  files: ReadonlyMap<string, Buffer>,
): Promise<{ statusCode: number; header: Record<string, string>; bytes: Buffer }> {
  const isQuery = kind === 'request' && method === 'GET' && typeof data === 'object' && data !== null;
  const address = new URL(url);
  if (isQuery) {
    for (const [key, value] of Object.entries(data)) address.searchParams.set(key, String(value));
  }
  // It is sent with an empty body, too.
  const headers: Record<string, string> = { 'content-type': 'application/json' };
  for (const [key, value] of Object.entries(header)) headers[key.toLowerCase()] = value;
  let body: string | Buffer | undefined;
  if (kind === 'uploadFile') {
    const fields = Object.entries(formData).map(([field, bytes]) => ({ name: field, bytes }));
    const file = { name, bytes: files.get(filePath)!, filename: 'file', type: 'application/octet-stream' };
    const form = formOf([...fields, file]);
    Object.assign(headers, form.headers);
    body = form.rawBody;
  } else if (data !== undefined && !isQuery) {
    body = typeof data === 'string' ? data : JSON.stringify(data);
  }
  return new Promise((resolve, reject) => {
    const sent = send(address, { method: kind === 'uploadFile' ? 'POST' : method, headers, agent }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const told = Object.entries(response.headers).map(([key, value]) => [capitalised(key), String(value)]);
        const header_ = Object.fromEntries(told) as Record<string, string>;
        resolve({ statusCode: response.statusCode!, header: header_, bytes: Buffer.concat(chunks) });
      });
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

/** `wx.request` parses what can be parsed, whatever its media type says. */
export function parsedAsWechat(bytes: Buffer): unknown {
  const text = bytes.toString('utf8');
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

/** iOS and Android tell headers in different ways; this is one of them. */
function capitalised(name: string): string {
  return name.replace(/(^|-)[a-z]/g, (letter) => letter.toUpperCase());
}
