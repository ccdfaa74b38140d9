import { AuthError } from './errors.js';
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
   * Says why the app needs it to somebody who has denied it before: the text of a dialogue, or the app's own dialogue that
   * tells whether the person wants to open the settings. Without it nobody is asked a second time.
   */
  readonly explain?: { readonly title?: string; readonly content: string } | (() => boolean | Promise<boolean>);
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
export async function ensureScope(platform: WxLike, name: Scope, { explain }: ScopeOptions = {}): Promise<void> {
  const scope = `scope.${name}`;
  const { authSetting } = await callPlatform<Settings>(platform, 'getSetting');
  if (authSetting[scope]) return;
  if (authSetting[scope] === undefined) {
    try {
      await callPlatform(platform, 'authorize', { scope });
      return;
    } catch (error) {
      if ((error as AuthError).code !== 'PLATFORM_FAILED') throw error;
    }
  }
  if (explain && (await isConvinced(platform, explain))) {
    const changed = await callPlatform<Settings>(platform, 'openSetting');
    if (changed.authSetting[scope]) return;
  }
  throw new AuthError('SCOPE_DENIED', { message: `${scope} is denied` });
}

/**
 * Where the person is.
 *
 * @throws AuthError as `ensureScope`; LOCATION_OFF - they allow it and the phone does not know: location is off in its settings
 */
export async function getLocation<Location>(
  platform: WxLike,
  { explain, isFuzzy, ...options }: ScopeOptions & { readonly isFuzzy?: boolean; readonly [option: string]: unknown } = {},
): Promise<Location> {
  await ensureScope(platform, isFuzzy ? 'userFuzzyLocation' : 'userLocation', explain ? { explain } : {});
  try {
    const method = isFuzzy ? 'getFuzzyLocation' : 'getLocation';
    return await callPlatform<Location>(platform, method, Object.assign({ type: 'gcj02' }, options));
  } catch (error) {
    const { code, message, details } = error as AuthError;
    throw code === 'PLATFORM_FAILED' ? new AuthError('LOCATION_OFF', { message, details }) : error;
  }
}

async function isConvinced(platform: WxLike, explain: NonNullable<ScopeOptions['explain']>): Promise<boolean> {
  if (typeof explain === 'function') return explain();
  return (await callPlatform<{ confirm?: boolean }>(platform, 'showModal', explain)).confirm === true;
}
