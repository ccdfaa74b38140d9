import { assign } from './assign.js';
import type { Clock } from './clock.js';
import { askUser, type AuthError } from './errors.js';
import { callPlatform, platformError, type PlatformFailure, type WxLike } from './platform.js';
import type { Requests } from './requests.js';
import { flight } from './retry.js';
import type { SignedIn } from './server-shapes.js';
import type { SignIn } from './sign-in.js';

/** What WeChat encrypted, as `wx.getWeRunData`, `wx.getShareInfo` and others give it. */
export interface EncryptedData {
  readonly encryptedData: string;
  readonly iv: string;
  readonly rawData?: string;
  readonly signature?: string;
}

/** The event of a button: `open-type="getPhoneNumber"`, for example. */
export interface ButtonEvent {
  readonly detail: PlatformFailure & Partial<EncryptedData> & { readonly code?: string };
}

/** Of a number that WeChat vouches for. */
export interface PhoneProof extends Partial<EncryptedData> {
  readonly code?: string;
}

/**
 * What the phone button gave; the code where there is one, because it does not depend on the session_key.
 *
 * @throws AuthError PHONE_REFUSED - the person declined; or what the event's errno says
 */
export function phoneProofOf({ detail }: ButtonEvent): PhoneProof {
  const { code, encryptedData, iv } = detail;
  if (code) return { code };
  if (encryptedData && iv) return { encryptedData, iv };
  throw platformError(detail, 'PHONE_REFUSED');
}

/** @throws AuthError PLATFORM_FAILED - there is no encrypted data; or what the event's errno says */
export function encryptedDataOf(event: ButtonEvent | EncryptedData): EncryptedData {
  const given = (event as ButtonEvent).detail || event;
  const { encryptedData, iv, rawData, signature } = given;
  if (!encryptedData || !iv) throw platformError(given);
  return assign({ encryptedData, iv }, rawData && signature && { rawData, signature });
}

/** Cares for the session_key that the server needs to read what WeChat encrypts. */
export interface WechatKey {
  /** Whether WeChat holds the key of the last `wx.login` for good. */
  isGood(): Promise<boolean>;
  /** Makes ready for a button whose data is to be decrypted. `wx.login`, if it must be, happens here and not after the tap. */
  prepare(): Promise<unknown>;
  /**
   * Waits for what the person's tap has set off. When the server cannot use its data any more, a new sign-in makes the next
   * tap good.
   *
   * @param afterSignIn makes the result of the sign-in where that is all the person wanted
   * @throws AuthError TAP_AGAIN - the next tap will be good
   */
  sendTap<Result>(work: Promise<Result>, afterSignIn?: (result: SignedIn) => Result): Promise<Result>;
}

// WeChat allows `checkSession` twice a page view and four times a second. A page that asks on every load stays below.
const CHECK_KEEPS_MS = 300_000;

export function wechatKeyBy(platform: WxLike, signIn: SignIn, requests: Requests, clock: Clock): WechatKey {
  const join = flight<boolean>();
  let checkedAt = 0;

  const isGood = (): Promise<boolean> => {
    const age = clock.now() - Math.max(checkedAt, signIn.keyedAt());
    if (age >= 0 && age < CHECK_KEEPS_MS) return Promise.resolve(true);
    return join(() =>
      callPlatform(platform, 'checkSession').then(
        () => {
          checkedAt = clock.now();
          return true;
        },
        () => false,
      ),
    );
  };
  return {
    isGood,
    prepare: () => {
      const era = signIn.era();
      return requests
        .session()
        .catch((error: AuthError) => {
          if (error.code !== 'REGISTRATION_REQUIRED') throw error;
        })
        .then(() => signIn.era() !== era || isGood())
        .then((isReady) => (isReady ? undefined : signIn.byWechat()));
    },
    sendTap: (work, afterSignIn) =>
      work.catch((error: AuthError) => {
        // Somebody who came by password has no key that a sign-in could renew: it would make them somebody else.
        if (error.remedy !== 'login-again' || error.code === 'WECHAT_IDENTITY_REQUIRED') throw error;
        return signIn.byWechat().then((result) => {
          if (afterSignIn && result.status === 'signed_in') return afterSignIn(result);
          throw askUser('TAP_AGAIN', undefined, error);
        });
      }),
  };
}
