import { isDeepStrictEqual } from 'node:util';
import { HONEST, RefreshClient, type ClientHabits, type Exchange } from './refresh-client.js';
import { ReferenceSession, type Reply } from './refresh-reference.js';

/** A session on some server, at its first token. */
export interface ServedSession {
  readonly firstToken: string;
  refresh(refreshToken: string, nonce: string | null): Promise<Reply>;
  /** Makes the server believe that this much time has passed. */
  letPass(seconds: number): Promise<void>;
  /** How many rows the session takes. */
  rows(): Promise<number>;
}

/** Who travels, and in what world. */
export interface JourneyOptions {
  /** How many refresh through one store. */
  readonly tabs: number;
  readonly habits?: ClientHabits;
  /** No message outlives this; the one that does is dropped. */
  readonly messageSeconds?: number;
  /** Whether every answer must be the reference's. */
  readonly compared?: boolean;
}

interface Message {
  readonly exchange: Exchange;
  readonly sentAt: number;
}

interface HeldReply extends Message {
  readonly reply: Reply;
}

const MESSAGE_SECONDS = 120;

/**
 * An honest client alone with its session, and a network that loses, holds up, doubles and reorders what it carries.
 *
 * A request stays in the network after its delivery: until its time is over a copy of it may arrive, again and again.
 */
export class Journey {
  readonly client: RefreshClient;
  private reference: ReferenceSession | null;
  private requests: readonly Message[] = [];
  private replies: readonly HeldReply[] = [];
  private now = 0;

  constructor(
    firstToken: string,
    private readonly options: JourneyOptions,
  ) {
    this.client = new RefreshClient(firstToken, options.tabs, options.habits ?? HONEST);
    this.reference = (options.compared ?? true) ? new ReferenceSession(firstToken) : null;
  }

  get tabs(): number {
    return this.options.tabs;
  }

  get hasRequests(): boolean {
    return this.requests.length > 0;
  }

  get hasReplies(): boolean {
    return this.replies.length > 0;
  }

  mayRefresh(tab: number, count = 1): boolean {
    return tab < this.tabs && this.client.mayRefresh(tab, this.now, count);
  }

  /** A tab sends its request into the network. */
  send(tab: number): Exchange {
    const exchange = this.client.refresh(tab, this.now);
    this.requests = [...this.requests, { exchange, sentAt: this.now }];
    return exchange;
  }

  /** One of the requests in the network. */
  request(index: number): Exchange {
    return this.requests[index % this.requests.length]!.exchange;
  }

  /** The server gets requests, all at once if there are several; its answers are on their way. */
  async deliver(server: ServedSession, ...exchanges: readonly Exchange[]): Promise<Reply[]> {
    const replies = await Promise.all(exchanges.map(({ refreshToken, nonce }) => server.refresh(refreshToken, nonce)));
    if (this.reference) this.reference = this.compare(this.reference, exchanges, replies);
    return replies;
  }

  /** An answer is held up. */
  hold(exchange: Exchange, reply: Reply): void {
    this.replies = [...this.replies, { exchange, reply, sentAt: this.now }];
  }

  /** One of the answers that were held up arrives. */
  receiveHeld(index: number): void {
    const { exchange, reply } = this.replies[index % this.replies.length]!;
    this.replies = this.replies.filter((held) => held.reply !== reply);
    this.client.receive(exchange, reply);
  }

  async letPass(server: ServedSession, seconds: number): Promise<void> {
    await server.letPass(seconds);
    this.now += seconds;
    const { messageSeconds = MESSAGE_SECONDS } = this.options;
    const isAlive = ({ sentAt }: Message): boolean => this.now - sentAt < messageSeconds;
    this.requests = this.requests.filter(isAlive);
    this.replies = this.replies.filter(isAlive);
  }

  /** Fails when the client has lost its session, or will lose it whatever it does. */
  expectUnharmed(): void {
    if (this.client.lost) throw new Error(`session lost: ${this.client.lost}`);
    const { refreshToken, nonce } = this.client.store;
    if (this.reference && !this.reference.accepts(refreshToken, nonce, this.now)) {
      throw new Error('session lost: the client holds a token that is of no use any more');
    }
  }

  /** At the end of every journey the client goes on, twice, without trouble. */
  async arrive(server: ServedSession): Promise<void> {
    await this.letPass(server, MESSAGE_SECONDS + 5);
    for (let tab = 0; tab < this.tabs; tab += 1) this.client.giveUp(tab);
    for (let time = 0; time < 2; time += 1) {
      const exchange = this.send(0);
      const [reply] = await this.deliver(server, exchange);
      this.client.receive(exchange, reply!);
      this.expectUnharmed();
      if (reply!.status !== 200) throw new Error(`session lost: ${JSON.stringify(reply)} at the end`);
    }
    const rows = await server.rows();
    if (rows !== 1) throw new Error(`the session takes ${rows} rows`);
  }

  /** Of requests at once any order will do; the reference goes on in the one that fits. */
  private compare(from: ReferenceSession, exchanges: readonly Exchange[], replies: readonly Reply[]): ReferenceSession {
    const forwards = exchanges.map((_exchange, index) => index);
    for (const order of [forwards, forwards.toReversed()]) {
      const reference = from.copy();
      const fits = order.map((index) => {
        const { refreshToken, nonce } = exchanges[index]!;
        const expected = reference.present(refreshToken, nonce, this.now, replies[index]!.refreshToken);
        return isDeepStrictEqual(expected, replies[index]);
      });
      if (fits.every(Boolean)) return reference;
    }
    const reference = from.copy();
    const expected = exchanges.map(({ refreshToken, nonce }, index) =>
      reference.present(refreshToken, nonce, this.now, replies[index]!.refreshToken),
    );
    throw new Error(`the answer is ${JSON.stringify(replies)}; by the protocol it is ${JSON.stringify(expected)}`);
  }
}
