import type { KeptSession } from './session-store.js';
import type { User } from './server-shapes.js';

/** What the app may know of its session. */
export interface Session {
  readonly accessToken: string;
  /** Milliseconds since 1970, by this phone's clock. */
  readonly expiresAt: number;
  readonly user: User;
}

/** In the words of Supabase. INITIAL_SESSION comes once, when the launch has shown whether somebody is signed in. */
export type AuthEvent = 'INITIAL_SESSION' | 'SIGNED_IN' | 'TOKEN_REFRESHED' | 'USER_UPDATED' | 'SIGNED_OUT';

export type AuthListener = (event: AuthEvent, session: Session | null) => void;

/** Tells the app what has become of its session. */
export class AuthEvents {
  private listeners: readonly AuthListener[] = [];

  /** @returns ends the subscription */
  subscribe(listener: AuthListener): () => void {
    this.listeners = this.listeners.concat(listener);
    return () => {
      this.listeners = this.listeners.filter((one) => one !== listener);
    };
  }

  /** A listener that throws harms neither the session nor the others; its error surfaces as an unhandled rejection. */
  emit(event: AuthEvent, kept: KeptSession | null): void {
    const session = sessionOf(kept);
    this.listeners.forEach((listener) => {
      new Promise<void>((resolve) => resolve(listener(event, session)));
    });
  }
}

export function sessionOf(kept: KeptSession | null): Session | null {
  return kept && { accessToken: kept.accessToken, expiresAt: kept.expiresAt, user: kept.user };
}
