import type { Clock } from './clock.js';
import { AuthError } from './errors.js';
import { callPlatform, platformError, type PlatformFailure, type WxLike } from './platform.js';
import type { Requests } from './requests.js';
import { Flight } from './retry.js';
import type { SignInResult } from './server-shapes.js';
import type { SignIn } from './sign-in.js';

/** What WeChat encrypted, as `wx.getWeRunData`, `wx.getShareInfo` and others give it. */
export interface EncryptedData {
  readonly encryptedData: string;
  readonly iv: string;
  readonly rawData?: string;
  readonly signature?: string;
}

/** The event of a button: `open-type="getPhoneNumber"`, for example. Its `detail` alone will do as well. */
export interface ButtonEvent {
  readonly detail: PlatformFailure & Partial<EncryptedData> & { readonly code?: string };
}

/** Of a number that WeChat vouches for. */
export type PhoneProof = { readonly code: string } | Pick<EncryptedData, 'encryptedData' | 'iv'>;

// WeChat allows `checkSession` twice a page view and four times a second. A page that asks on every load stays below.
const CHECK_KEEPS_MS = 300_000;

/**
 * What the phone button gave; the code where there is one, because it does not depend on the session_key.
 *
 * @throws AuthError PHONE_REFUSED - the person declined; or what the event's errno says
 */
export function phoneProofOf(event: ButtonEvent | ButtonEvent['detail']): PhoneProof {
  const detail = detailOf(event);
  if (detail.code) return { code: detail.code };
  const { encryptedData, iv } = detail;
  if (encryptedData && iv) return { encryptedData, iv };
  throw platformError('getPhoneNumber', detail, 'PHONE_REFUSED');
}

/** @throws AuthError PLATFORM_FAILED - there is no encrypted data; or what the event's errno says */
export function encryptedDataOf(event: ButtonEvent | EncryptedData): EncryptedData {
  const { encryptedData, iv, rawData, signature, ...failure } = detailOf(event);
  if (!encryptedData || !iv) throw platformError('decrypt', failure);
  return Object.assign({ encryptedData, iv }, rawData !== undefined && signature ? { rawData, signature } : {});
}

function detailOf(event: ButtonEvent | ButtonEvent['detail']): ButtonEvent['detail'] {
  return (event && (event as ButtonEvent).detail) || (event as ButtonEvent['detail']) || {};
}

/** Cares for the session_key that the server needs to read what WeChat encrypts. */
export class WechatKey {
  private readonly checking = new Flight<boolean>();
  private checkedAt: number | null = null;

  constructor(
    private readonly platform: WxLike,
    private readonly signIn: SignIn,
    private readonly requests: Requests,
    private readonly clock: Clock,
  ) {}

  /** Whether WeChat holds the key of the last `wx.login` for good. Asks WeChat at most every five minutes. */
  isGood(): Promise<boolean> {
    const since = Math.max(this.checkedAt || 0, this.signIn.signedInAt || 0);
    const now = this.clock.now();
    if (since <= now && now - since < CHECK_KEEPS_MS) return Promise.resolve(true);
    return this.checking.join(() =>
      callPlatform(this.platform, 'checkSession').then(
        () => {
          this.checkedAt = this.clock.now();
          return true;
        },
        () => false,
      ),
    );
  }

  /** Makes ready for a button whose data is to be decrypted. `wx.login`, if it must be, happens here and not after the tap. */
  async prepare(): Promise<void> {
    const { logins } = this.signIn;
    await this.requests.session().then(undefined, (error: AuthError) => {
      if (error.code !== 'REGISTRATION_REQUIRED') throw error;
    });
    if (this.signIn.logins === logins && !(await this.isGood())) await this.signIn.byWechat({});
  }

  /**
   * Sends what the person's tap has given. When the server cannot use it any more, a new sign-in makes the next tap good.
   *
   * @throws AuthError TAP_AGAIN - the next tap will be good
   */
  async sendTap<Result>(send: () => Promise<Result>, afterSignIn?: (result: SignInResult) => Result | null): Promise<Result> {
    try {
      return await send();
    } catch (error) {
      const { remedy, code } = error as AuthError;
      // Somebody who came by password has no key that a sign-in could renew: it would make them somebody else.
      if (remedy !== 'login-again' || code === 'WECHAT_IDENTITY_REQUIRED') throw error;
      const result = await this.signIn.byWechat({});
      const done = afterSignIn ? afterSignIn(result) : null;
      if (done) return done;
      throw new AuthError('TAP_AGAIN', { details: error });
    }
  }
}
