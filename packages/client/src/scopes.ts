import { assign } from './assign.js';
import { askUser, type AuthError } from './errors.js';
import { callPlatform, type WxLike } from './platform.js';

/** https://developers.weixin.qq.com/miniprogram/dev/framework/open-ability/authorize.html */
export type Scope =
  | 'userLocation'
  | 'userFuzzyLocation'
  | 'userLocationBackground'
  | 'record'
  | 'camera'
  | 'bluetooth'
  | 'writePhotosAlbum'
  | 'addPhoneContact'
  | 'addPhoneCalendar'
  | 'werun';

export interface ScopeOptions {
  /**
   * Says why the app needs it to somebody who has denied it before, in a dialogue for example, and tells whether they want to
   * open the settings. Without it nobody is asked a second time.
   */
  readonly explain?: () => boolean | Promise<boolean>;
}

export interface LocationOptions extends ScopeOptions {
  /** About where, by `wx.getFuzzyLocation`. */
  readonly isFuzzy?: boolean;
  /** Further options go to the platform as they are. */
  readonly [option: string]: unknown;
}

interface Settings {
  readonly authSetting: Readonly<Record<string, boolean | undefined>>;
}

/**
 * Makes sure that the person lets the app do something: by what they said before, by asking, and, once they have denied it,
 * by explaining and opening the settings, because `wx.authorize` then fails without asking.
 *
 * @throws AuthError SCOPE_DENIED, or PRIVACY_DENIED, PRIVACY_UNDECLARED, PRIVACY_BANNED
 */
export function ensureScope(platform: WxLike, name: Scope, { explain }: ScopeOptions = {}): Promise<void> {
  const scope = `scope.${name}`;
  const isAllowedBy = (call: string): Promise<boolean | undefined> =>
    callPlatform<Settings>(platform, call).then(({ authSetting }) => authSetting[scope]);
  return isAllowedBy('getSetting')
    .then((isAllowed) =>
      isAllowed === undefined
        ? callPlatform(platform, 'authorize', { scope }).then(() => true, unlessDenied)
        : isAllowed,
    )
    .then(
      (isAllowed) =>
        isAllowed ||
        (explain && Promise.resolve(explain()).then((isConvinced) => isConvinced && isAllowedBy('openSetting'))),
    )
    .then((isAllowed) => {
      if (!isAllowed) throw askUser('SCOPE_DENIED', scope);
    });
}

/**
 * Where the person is.
 *
 * @throws AuthError as `ensureScope`; LOCATION_OFF - they allow it and the phone does not know: location is off in its settings
 */
export function getLocation<Location>(platform: WxLike, options: LocationOptions = {}): Promise<Location> {
  const kind = options.isFuzzy ? 'FuzzyLocation' : 'Location';
  return ensureScope(platform, `user${kind}`, options).then(() =>
    callPlatform<Location>(platform, `get${kind}`, assign({ type: 'gcj02' }, options)).catch((error: AuthError) => {
      unlessDenied(error);
      throw askUser('LOCATION_OFF', error.message, error.details);
    }),
  );
}

/** Passes what the privacy agreement forbids; anything else was the person or the phone. */
function unlessDenied(error: AuthError): boolean {
  if (error.code !== 'PLATFORM_FAILED') throw error;
  return false;
}
