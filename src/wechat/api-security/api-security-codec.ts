import { createPrivateKey, createPublicKey, randomBytes, randomInt, type KeyObject } from 'node:crypto';
import type { WechatApiSecurity } from '../../config/settings.js';
import { AppError } from '../../errors/app-error.js';
import type { ErrorCode } from '../../errors/catalog.js';
import { isSignedBy, signMessage } from './payload-signature.js';
import { openPayload, sealPayload } from './sealed-payload.js';
import { SeenAnswers } from './seen-answers.js';

/** A request as it goes over the wire. */
export interface SealedRequest {
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** An answer as it came over the wire: nothing of it is checked. */
export interface SealedResponse {
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, unknown>>;
  /** The body as text, byte for byte. */
  readonly text: string;
}

/** What a codec leans on, for tests and for the log. */
export interface CodecSurroundings {
  /** Milliseconds since 1970, as `Date.now` gives them. */
  readonly clock?: () => number;
  /** Called with every answer that only a certificate vouches for which WeChat is about to replace. */
  readonly onDeprecatedCertificate?: (serial: string) => void;
}

type Fields = Readonly<Record<string, unknown>>;

// The bound of WeChat's own example, here in both directions.
const APART_SECONDS_MAX = 300;

/**
 * Seals requests and opens answers of one app's API security: AES-256-GCM within, RSA-PSS with SHA-256 around.
 *
 * An answer is believed if WeChat signed it for this URL and app within 300 s of our clock, if it decrypts under the same,
 * and if this process has not believed it before. It does not name the request it answers: WeChat's protocol has nothing
 * for that.
 *
 * Source: developers.weixin.qq.com/miniprogram/dev/server/getting_started/api_signature.html
 */
export class ApiSecurityCodec {
  private readonly symmetricKey: Buffer;
  private readonly symmetricSn: string;
  private readonly privateKey: KeyObject;
  private readonly certificates: ReadonlyMap<string, KeyObject>;
  private readonly seen = new SeenAnswers(2 * APART_SECONDS_MAX * 1000);
  private readonly clock: () => number;
  private readonly onDeprecatedCertificate: (serial: string) => void;

  constructor(
    private readonly appId: string,
    keys: WechatApiSecurity,
    { clock = Date.now, onDeprecatedCertificate = () => undefined }: CodecSurroundings = {},
  ) {
    this.clock = clock;
    this.onDeprecatedCertificate = onDeprecatedCertificate;
    this.symmetricKey = Buffer.from(keys.symmetricKey, 'base64');
    this.symmetricSn = keys.symmetricSn;
    this.privateKey = createPrivateKey(keys.privateKey);
    this.certificates = new Map(
      keys.certificates.map((entry) => [
        entry.serial,
        createPublicKey('certificate' in entry ? entry.certificate : entry.publicKey),
      ]),
    );
  }

  /**
   * Makes the body and the headers of a request.
   *
   * @param url with the scheme, without the query, as WeChat knows it
   * @param fields those of the body and of the query, but for the access_token
   */
  seal(url: string, fields: Fields): SealedRequest {
    const seconds = Math.floor(this.clock() / 1000);
    const timestamp = String(seconds);
    const text = JSON.stringify({ ...fields, _n: nonce(), _appid: this.appId, _timestamp: seconds });
    const body = sealPayload(text, this.symmetricKey, this.aad(url, timestamp));
    const signature = signMessage({ url, appId: this.appId, timestamp, body }, this.privateKey);
    return {
      body,
      headers: {
        'Wechatmp-Appid': this.appId,
        'Wechatmp-TimeStamp': timestamp,
        'Wechatmp-Signature': signature,
      },
    };
  }

  /**
   * Gives what is in an answer, or the errcode of a refusal.
   *
   * A refusal is believed as it stands, because WeChat does not seal all of them and who forges one gains nothing.
   *
   * @throws AppError WECHAT_UNAVAILABLE - not what WeChat would answer to this app now; its context says what is wrong
   * @throws AppError WECHAT_MISCONFIGURED - signed with a certificate, or sealed with a key, that is not configured here
   */
  open(url: string, { headers, text: body }: SealedResponse): Fields {
    const sealed = parseObject(body);
    if (!sealed) throw this.refused('the answer is no JSON object');
    if (isRefusal(sealed)) return { errcode: sealed['errcode'] };

    if (headers['wechatmp-appid'] === undefined) throw this.refused('the answer is not sealed');
    if (headers['wechatmp-appid'] !== this.appId) throw this.refused('the answer is for another app');
    const timestamp = this.timestampOf(headers);
    this.verify(url, timestamp, headers, body);
    const text = openPayload(sealed, this.symmetricKey, this.aad(url, timestamp));
    if (text === null) {
      throw this.refused(
        'the answer cannot be decrypted; compare symmetricKey and symmetricSn',
        'WECHAT_MISCONFIGURED',
      );
    }
    const fields = this.innerFields(text, timestamp);
    // By what the signature covers: the spelling of the signature itself, or which of two it was, is the sender's choice.
    if (!this.seen.add(body, this.clock())) throw this.refused('the answer was given before');
    return fields;
  }

  private timestampOf(headers: Fields): string {
    const timestamp = headers['wechatmp-timestamp'];
    if (typeof timestamp !== 'string' || !/^\d{1,12}$/.test(timestamp))
      throw this.refused('the answer has no timestamp');
    const apart = Math.abs(this.clock() / 1000 - Number(timestamp));
    if (apart <= APART_SECONDS_MAX) return timestamp;
    throw this.refused(`the answer is ${Math.round(apart)} s away from this clock`);
  }

  /** Checks the signature of the first certificate that is known here; another one does not make up for a wrong one. */
  private verify(url: string, timestamp: string, headers: Fields, body: string): void {
    for (const suffix of ['', '-deprecated']) {
      const serial = headers[`wechatmp-serial${suffix}`];
      const publicKey = typeof serial === 'string' ? this.certificates.get(serial) : undefined;
      if (typeof serial !== 'string' || !publicKey) continue;
      const signature = headers[`wechatmp-signature${suffix}`];
      const message = { url, appId: this.appId, timestamp, body };
      if (typeof signature !== 'string' || !isSignedBy(publicKey, message, signature)) {
        throw this.refused('the signature is wrong');
      }
      if (suffix !== '') this.onDeprecatedCertificate(serial);
      return;
    }
    if (headers['wechatmp-signature'] === undefined) throw this.refused('the answer is not signed');
    throw this.refused('the answer is signed with a certificate that is not configured', 'WECHAT_MISCONFIGURED');
  }

  /** What was sealed says once more for whom and when. */
  private innerFields(text: string, timestamp: string): Fields {
    const { _n, _appid, _timestamp, ...fields } = parseObject(text) ?? {};
    if (_appid !== this.appId) throw this.refused('the sealed appid is another one');
    if (String(_timestamp) !== timestamp) throw this.refused('the sealed timestamp is another one');
    return fields;
  }

  private aad(url: string, timestamp: string): string {
    return [url, this.appId, timestamp, this.symmetricSn].join('|');
  }

  private refused(reason: string, code: ErrorCode = 'WECHAT_UNAVAILABLE'): AppError {
    return new AppError(code, { context: { appId: this.appId, reason } });
  }
}

function isRefusal({ errcode }: Fields): boolean {
  return typeof errcode === 'number' && errcode !== 0;
}

// WeChat asks for 16 to 32 bytes, of a length that varies.
function nonce(): string {
  return randomBytes(randomInt(16, 33)).toString('base64').replace(/=+$/, '');
}

function parseObject(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : null;
  } catch {
    return null;
  }
}
