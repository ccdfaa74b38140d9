import { Injectable } from '@nestjs/common';
import { PassportSettings } from './passport-settings.js';
import { passportAway } from './refusal.js';

/** A person as wechat-passport shows them to back ends. */
export interface PassportUser {
  readonly id: string;
  readonly nickname: string | null;
  readonly avatarUrl: string | null;
  /** Masked. */
  readonly phone: string | null;
}

const PATIENCE_MS = 3000;

/** What only wechat-passport itself can tell. */
@Injectable()
export class PassportServer {
  private readonly credentials: string;

  constructor(private readonly passport: PassportSettings) {
    // RFC 6749 section 2.3.1: both parts are encoded before they are joined.
    const parts = [passport.clientId, passport.clientSecret].map(encodeURIComponent);
    this.credentials = `Basic ${Buffer.from(parts.join(':')).toString('base64')}`;
  }

  /**
   * Whether the session of a verified access token lives at this moment (RFC 7662).
   *
   * @throws Refusal 503 when there is no answer: who cannot ask must not let anybody through
   */
  async isActive(accessToken: string): Promise<boolean> {
    const body = new URLSearchParams({ token: accessToken });
    const answer = await this.ask('/oauth/introspect', { method: 'POST', body });
    if (!answer.ok) throw passportAway();
    return ((await answer.json()) as { active: boolean }).active;
  }

  /** The person with this id, or the one who absorbed them in a merge; null for nobody of this client's mini-programs. */
  async findUser(userId: string): Promise<PassportUser | null> {
    const answer = await this.ask(`/v1/users/${encodeURIComponent(userId)}`);
    if (answer.status === 404) return null;
    if (!answer.ok) throw passportAway();
    return (await answer.json()) as PassportUser;
  }

  private async ask(path: string, init: RequestInit = {}): Promise<Response> {
    const headers = { authorization: this.credentials };
    try {
      return await fetch(this.passport.url + path, { ...init, headers, signal: AbortSignal.timeout(PATIENCE_MS) });
    } catch {
      throw passportAway();
    }
  }
}
