import { randomBytes } from 'node:crypto';
import type { Agent } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Chance } from './chaos-random.js';
import { send, type WholeAnswer } from './chaos-http.js';

/** What a device keeps: the token and, stored together with it, the nonce of every attempt to use it. */
interface Stored {
  readonly refreshToken: string;
  readonly nonce: string;
  readonly accessToken: string;
}

/** What all clients of a run have done, together. */
export interface ClientCounts {
  signIns: number;
  refreshes: number;
  attempts: number;
  /** Refreshes that succeeded after an attempt that did not. */
  recoveries: number;
  superseded: number;
  appRestarts: number;
  logouts: number;
}

export function newClientCounts(): ClientCounts {
  return { signIns: 0, refreshes: 0, attempts: 0, recoveries: 0, superseded: 0, appRestarts: 0, logouts: 0 };
}

/** The world as a client sees it. */
export interface ClientWorld {
  /** Where requests go, without a trailing slash. */
  readonly url: string;
  readonly agent: Agent;
  readonly chance: Chance;
  readonly counts: ClientCounts;
  /** Plays `wx.login`. */
  mintCode(person: string): string;
}

/**
 * The longest any message of a run is under way: what the proxy holds back, and what a server takes for an answer when
 * the database is away (2 s to connect, 3.5 s for a statement). It stands for the 120 s of the protocol, and the client's
 * limit of 4 refreshes applies to it as it does to them.
 */
export const MESSAGE_LIFETIME_MS = 7000;
const REFRESHES_A_LIFETIME = 4;
const BACKOFF_MS = [50, 400] as const;
const SUPERSEDED_IN_A_ROW = 3;

/** A device that keeps its person signed in: the client's half of the refresh protocol, and nothing else. */
export class ChaosClient {
  state: 'signed-out' | 'signed-in' | 'leaving' | 'left' | 'lost' = 'signed-out';
  /** The answer that ended the session although nobody had asked for it. */
  lostTo: string | null = null;
  /** Every access token this device was given lately, the newest last. */
  readonly accessTokens: string[] = [];

  private stored: Stored | null = null;
  private refreshing: Promise<void> | null = null;
  private life = new AbortController();
  private readonly storedAt: number[] = [];

  constructor(
    readonly person: string,
    private readonly world: ClientWorld,
  ) {}

  get refreshToken(): string | undefined {
    return this.stored?.refreshToken;
  }

  /** Signs in, with a new code for every attempt, until it works or `until` says to stop. */
  async signIn(until: () => boolean = () => false): Promise<void> {
    while (this.state === 'signed-out' && !until()) {
      const code = this.world.mintCode(this.person);
      const answer = await this.attempt('/v1/auth/wechat/login', { code });
      if (answer?.status === 200) {
        this.store((JSON.parse(answer.text) as { tokens: Omit<Stored, 'nonce'> }).tokens);
        this.state = 'signed-in';
        this.world.counts.signIns += 1;
      } else if (answer && isFinal(answer)) {
        throw new Error(`sign-in: ${answer.status} ${answer.text}`);
      } else {
        await this.world.chance.pause(...BACKOFF_MS);
      }
    }
  }

  /** Exchanges the stored token for the next. One at a time: everybody who asks meanwhile gets the same promise. */
  refresh(): Promise<void> {
    this.refreshing ??= this.refreshUntilAnswered(this.life.signal).finally(() => {
      this.refreshing = null;
    });
    return this.refreshing;
  }

  /** The app is killed and opened again: what was under way is forgotten, what was stored is not. */
  restartApp(): void {
    this.life.abort();
    this.life = new AbortController();
    this.refreshing = null;
    this.world.counts.appRestarts += 1;
  }

  /** Signs out, by either token, until the server says so. */
  async signOut(): Promise<void> {
    const byRefreshToken = this.world.chance.happens(0.5);
    this.state = 'leaving';
    while (this.state === 'leaving') {
      const { refreshToken, accessToken } = this.stored!;
      const answer = byRefreshToken
        ? await this.attempt('/v1/auth/logout', { refreshToken })
        : await this.attempt('/v1/auth/logout', {}, accessToken);
      // Without an acknowledgement it is not known whether the first attempt worked; a refusal says that it did.
      if (answer?.status === 204 || (answer?.status === 401 && !byRefreshToken)) {
        this.state = 'left';
        this.world.counts.logouts += 1;
      } else if (answer && isFinal(answer)) {
        throw new Error(`sign-out: ${answer.status} ${answer.text}`);
      } else {
        await this.world.chance.pause(...BACKOFF_MS);
      }
    }
  }

  private async refreshUntilAnswered(life: AbortSignal): Promise<void> {
    await this.keepToTheLimit(life);
    for (let attempt = 1, superseded = 0; this.state === 'signed-in' && !life.aborted; attempt += 1) {
      const sent = this.stored!;
      const { refreshToken, nonce } = sent;
      this.world.counts.attempts += 1;
      const answer = await this.attempt('/v1/auth/refresh', { refreshToken, nonce }, undefined, life);
      if (life.aborted) return;
      if (answer?.status === 200) {
        if (this.stored === sent) this.store(JSON.parse(answer.text) as Stored);
        this.world.counts.refreshes += 1;
        if (attempt > 1) this.world.counts.recoveries += 1;
        return;
      }
      if (answer?.status === 409) {
        this.world.counts.superseded += 1;
        superseded += 1;
      }
      if (answer && (isFinal(answer) || superseded === SUPERSEDED_IN_A_ROW)) return this.end(answer);
      await this.world.chance.pause(...BACKOFF_MS);
    }
  }

  private end(answer: WholeAnswer): void {
    // A sign-out of this very device may have overtaken the refresh.
    if (this.state !== 'signed-in') return;
    this.state = 'lost';
    this.lostTo = `${answer.status} ${answer.text}`;
  }

  private store({ refreshToken, accessToken }: Omit<Stored, 'nonce'>): void {
    this.stored = { refreshToken, accessToken, nonce: randomBytes(12).toString('base64url') };
    this.storedAt.push(performance.now());
    this.accessTokens.push(accessToken);
    if (this.accessTokens.length > 3) this.accessTokens.shift();
  }

  private async keepToTheLimit(life: AbortSignal): Promise<void> {
    if (this.storedAt.length <= REFRESHES_A_LIFETIME) return;
    this.storedAt.splice(0, this.storedAt.length - REFRESHES_A_LIFETIME - 1);
    const waitMs = this.storedAt[1]! + MESSAGE_LIFETIME_MS - performance.now();
    if (waitMs > 0) await sleep(waitMs, undefined, { signal: life }).catch(() => undefined);
  }

  /** Null for a network error, however it looked. */
  private async attempt(
    path: string,
    body: unknown,
    token?: string,
    signal?: AbortSignal,
  ): Promise<WholeAnswer | null> {
    const { url, agent } = this.world;
    return send('POST', url + path, { body, token, agent, signal }).catch(() => null);
  }
}

/** Whether trying again would not help. */
function isFinal({ status }: WholeAnswer): boolean {
  return status >= 400 && status < 500 && status !== 409;
}
