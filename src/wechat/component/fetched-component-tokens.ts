import type { ComponentTokens } from './component-tokens.js';

/** A token and how long it is good for. */
export interface ComponentToken {
  readonly token: string;
  readonly expiresInSeconds: number;
}

// Enough for a sign-in that has just taken the token; so short because the platform's service has its own margin.
const MARGIN_MS = 60_000;

/** Keeps the token that is fetched until a minute before its end. Callers that come while it is fetched share the fetch. */
export class FetchedComponentTokens implements ComponentTokens {
  private held: { readonly token: string; readonly goodUntil: number } | null = null;
  private flight: Promise<string> | null = null;

  /** @param clock milliseconds since 1970, as `Date.now` gives them */
  constructor(
    private readonly fetchToken: () => Promise<ComponentToken>,
    private readonly clock: () => number = Date.now,
  ) {}

  async current(): Promise<string> {
    if (this.held && this.clock() < this.held.goodUntil) return this.held.token;
    this.flight ??= this.fetchAndHold().finally(() => (this.flight = null));
    return this.flight;
  }

  refused(token: string): void {
    // Somebody may have fetched the next one in the meantime.
    if (this.held?.token === token) this.held = null;
  }

  private async fetchAndHold(): Promise<string> {
    const askedAt = this.clock();
    const { token, expiresInSeconds } = await this.fetchToken();
    this.held = { token, goodUntil: askedAt + expiresInSeconds * 1000 - MARGIN_MS };
    return token;
  }
}
