import { createCipheriv, createHash, randomBytes } from 'node:crypto';

/** The fields of a message, in WeChat's spelling. */
export type PushMessage = Readonly<Record<string, string | number>>;

export interface PushOptions {
  readonly appId: string;
  readonly token: string;
  /** Encrypts the message; null sends it in plain mode. */
  readonly encodingAesKey: string | null;
  readonly format: 'json' | 'xml';
  /** Seconds since 1970. */
  readonly timestamp: number;
  /** Random unless a test needs to know it. */
  readonly nonce?: string;
  /** The 16 bytes before an encrypted message. */
  readonly random?: Buffer;
}

/** A request as WeChat sends it. */
export interface SignedPush {
  readonly query: Readonly<Record<string, string>>;
  readonly contentType: string;
  readonly body: string;
}

const BLOCK_BYTES = 32;

/**
 * Words, encrypts and signs a message the way WeChat does.
 *
 * Source: miniprogram framework/server-ability/message-push.
 */
export function signPush(message: PushMessage, options: PushOptions): SignedPush {
  const { token, encodingAesKey, format } = options;
  const timestamp = String(options.timestamp);
  const nonce = options.nonce ?? String(randomBytes(4).readUInt32BE());
  const contentType = format === 'json' ? 'application/json' : 'text/xml';
  const query = { signature: signatureOf(token, timestamp, nonce), timestamp, nonce };
  const text = word(message, format);
  if (encodingAesKey === null) return { query, contentType, body: text };

  const encrypted = encrypt(text, encodingAesKey, options);
  return {
    query: { ...query, encrypt_type: 'aes', msg_signature: signatureOf(token, timestamp, nonce, encrypted) },
    contentType,
    body: word({ ToUserName: String(message['ToUserName'] ?? ''), Encrypt: encrypted }, format),
  };
}

/** The signature of these parts: SHA-1 over them, sorted and joined. */
export function signatureOf(...parts: string[]): string {
  return createHash('sha1')
    .update([...parts].sort().join(''), 'utf8')
    .digest('hex');
}

function word(message: PushMessage, format: 'json' | 'xml'): string {
  if (format === 'json') return JSON.stringify(message);
  const elements = Object.entries(message).map(([name, value]) => {
    // A CDATA section cannot hold its own end.
    const text = typeof value === 'number' ? value : `<![CDATA[${value.replaceAll(']]>', ']]]]><![CDATA[>')}]]>`;
    return `<${name}>${text}</${name}>`;
  });
  return `<xml>${elements.join('')}</xml>`;
}

function encrypt(text: string, encodingAesKey: string, { appId, random = randomBytes(16) }: PushOptions): string {
  const key = Buffer.from(`${encodingAesKey}=`, 'base64');
  const message = Buffer.from(text, 'utf8');
  const length = Buffer.alloc(4);
  length.writeUInt32BE(message.length);
  const plain = Buffer.concat([random, length, message, Buffer.from(appId, 'utf8')]);
  const missing = BLOCK_BYTES - (plain.length % BLOCK_BYTES);
  const cipher = createCipheriv('aes-256-cbc', key, key.subarray(0, 16)).setAutoPadding(false);
  return Buffer.concat([cipher.update(plain), cipher.update(Buffer.alloc(missing, missing)), cipher.final()]).toString(
    'base64',
  );
}
