import type { AuthEvents } from './auth-events.js';
import type { Clock } from './clock.js';
import { AuthError } from './errors.js';
import { within } from './http.js';
import type { PassportApi, SignedInAnswer } from './passport-api.js';
import { callPlatform, platformError, type WxLike } from './platform.js';
import { Flight, type Retry } from './retry.js';
import type { SignInResult, SignedIn, Unregistered } from './server-shapes.js';
import type { KeptSession, SessionStore } from './session-store.js';

/** What the app may say of a sign-in. */
export interface SignInDetails {
  /** `false`: an unknown person is not registered, whatever the server's policy is. */
  readonly createUser?: boolean;
  /** What the person agreed to. */
  readonly consent?: { readonly policyVersion: string };
}

const LOGIN_TIMEOUT_MS = 15_000;

/** Signs in with `wx.login`. One at a time, whoever asks. */
export class SignIn {
  /** How often `wx.login` was called here: whatever WeChat encrypted before the last time may be unreadable now. */
  logins = 0;
  /** When the last sign-in by WeChat succeeded, by this phone's clock. */
  signedInAt: number | null = null;
  private readonly flight = new Flight<SignInResult>();
  private registration: { readonly ticket: string; readonly endsAt: number } | null = null;
  private stopped: AuthError | null = null;

  constructor(
    private readonly platform: WxLike,
    private readonly api: PassportApi,
    private readonly store: SessionStore,
    private readonly events: AuthEvents,
    private readonly retry: Retry,
    private readonly clock: Clock,
    private readonly appId: string | undefined,
  ) {}

  get isUnderWay(): boolean {
    return this.flight.isUnderWay;
  }

  /** Of a person who is not registered yet; null when there is none, or it has expired. */
  get ticket(): string | null {
    return this.registration && this.clock.now() < this.registration.endsAt ? this.registration.ticket : null;
  }

  /**
   * Signs in without asking anybody, in the place of a session that has ended, or at launch.
   *
   * Keeps everything when it fails for now. When it fails for good and there was a session, the app hears SIGNED_OUT.
   */
  async silently(): Promise<KeptSession> {
    const obstacle = this.obstacle();
    if (obstacle) {
      if (obstacle.code === 'SIGN_IN_REQUIRED') this.end(this.store.isSignedOut);
      throw obstacle;
    }
    let result: SignInResult;
    try {
      result = await this.byWechat({});
    } catch (error) {
      if (isFinal(error as AuthError)) this.end(false);
      throw error;
    }
    if (result.status === 'signed_in') return this.store.session!;
    this.end(false);
    throw new AuthError('REGISTRATION_REQUIRED');
  }

  /** Signs in, for whatever reason. Who asks while another sign-in is under way gets that one's result. */
  byWechat(details: SignInDetails): Promise<SignInResult> {
    return this.flight.join(async () => {
      try {
        const answer = await this.retry.run(() => this.attempt(details), isWorthAnotherCode);
        return answer.status === 'unregistered' ? this.keepTicket(answer) : this.keep(answer);
      } catch (error) {
        if ((error as AuthError).remedy === 'stop') this.stopped = error as AuthError;
        throw error;
      }
    });
  }

  /** A code of `wx.login`, as a fresh proof of who is there. */
  async code(): Promise<string> {
    this.logins += 1;
    try {
      const login = callPlatform<{ code: string }>(this.platform, 'login', { timeout: LOGIN_TIMEOUT_MS });
      return (await within(LOGIN_TIMEOUT_MS, login, this.clock)).code;
    } catch (error) {
      throw new AuthError('WX_LOGIN_FAILED', { message: (error as Error).message, details: platformError('login', error) });
    }
  }

  /** What every sign-in says of the device it takes place on. */
  device(): object {
    const { platform } = this;
    const device: Record<string, string> = { id: this.store.deviceId };
    try {
      const info = (platform.getDeviceInfo || platform.getSystemInfoSync || Object).call(platform) as Record<string, unknown>;
      const [name, system] = [printable(info['model'], 64), printable(info['platform'], 32)];
      if (name) device['name'] = name;
      if (system) device['platform'] = system;
    } catch (_error) {
      // A device without a name signs in as well.
    }
    return device;
  }

  /** Which mini-program this is, where the app has said so. */
  app(): object {
    return this.appId ? { appId: this.appId } : {};
  }

  /** Keeps the session of a sign-in that has succeeded. */
  keep(answer: SignedInAnswer): SignedIn {
    const { status, isNewUser, user, merge, tokens } = answer;
    if (!this.store.open(tokens, user)) {
      this.api.logout(tokens.refreshToken, 'local').then(undefined, () => undefined);
      throw new AuthError('SIGN_IN_REQUIRED', { message: 'signed out meanwhile' });
    }
    this.registration = null;
    this.stopped = null;
    this.events.emit('SIGNED_IN', this.store.session);
    return Object.assign({ status, isNewUser, user }, merge ? { merge } : {});
  }

  /** The session is over. The app hears of it once. */
  end(forGood: boolean): void {
    const wasSignedIn = this.store.session !== null;
    if (wasSignedIn || forGood) this.store.close(forGood);
    if (wasSignedIn) this.events.emit('SIGNED_OUT', null);
  }

  /** A person wants to sign in: what stood against silent sign-ins is forgotten. */
  reopen(): void {
    this.stopped = null;
    this.store.reopen();
  }

  forgetTicket(): void {
    this.registration = null;
  }

  /** Why nobody can be signed in silently; null when nothing stands against it. */
  private obstacle(): AuthError | null {
    const kept = this.store.reload();
    if (this.store.isSignedOut) return new AuthError('SIGN_IN_REQUIRED');
    // Somebody who came by password or SMS may be nobody, or somebody else, to WeChat.
    if (kept && !kept.user.identities.some(({ kind }) => kind === 'wechat_openid')) return new AuthError('SIGN_IN_REQUIRED');
    return this.stopped || (this.ticket && !kept ? new AuthError('REGISTRATION_REQUIRED') : null);
  }

  private async attempt(details: SignInDetails): Promise<SignedInAnswer | Unregistered> {
    const code = await this.code();
    const answer = await this.api.login(Object.assign({ code, device: this.device() }, this.app(), details));
    this.signedInAt = this.clock.now();
    return answer;
  }

  private keepTicket(answer: Unregistered): Unregistered {
    this.registration = { ticket: answer.ticket, endsAt: this.clock.now() + answer.ticketExpiresIn * 1000 };
    return answer;
  }
}

/** A code that was refused was spent, perhaps by a request whose answer was lost. */
function isWorthAnotherCode(error: AuthError): boolean {
  return error.isTransient || error.remedy === 'login-again';
}

function isFinal(error: AuthError): boolean {
  return !isWorthAnotherCode(error) && error.remedy !== 'stop';
}

/** What the server takes for a name. */
function printable(text: unknown, max: number): string {
  return String(text || '')
    .replace(/[^\x20-\x7e\u00a1-\u1fff\u3000-\ud7ff]/g, '')
    .trim()
    .slice(0, max);
}
