import { Agent, createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Chance } from './chaos-random.js';
import { readWhole, send, type WholeAnswer } from './chaos-http.js';

/** Probabilities of what happens to a request. The rest passes. */
export interface ChaosRates {
  /** Never reaches a server. */
  readonly requestLost: number;
  /** Carried out, but the client never hears of it. */
  readonly responseLost: number;
  /** Carried out twice, the second time later and maybe elsewhere; the client gets either answer. */
  readonly duplicated: number;
  /** The client is told that it failed, and it arrives later all the same, after the client's next attempts. */
  readonly late: number;
  /** Only slow. */
  readonly delayed: number;
  /** How long what comes later or slowly is held back: from, to. */
  readonly holdMs: readonly [number, number];
}

const FATES = ['requestLost', 'responseLost', 'duplicated', 'late', 'delayed'] as const;
type Fate = (typeof FATES)[number];

export const HARSH: ChaosRates = {
  requestLost: 0.02,
  responseLost: 0.05,
  duplicated: 0.03,
  late: 0.02,
  delayed: 0.05,
  holdMs: [20, 800],
};

export interface ProxyCounts {
  passedOn: number;
  signInsPassedOn: number;
  requestsLost: number;
  responsesLost: number;
  duplicated: number;
  late: number;
  delayed: number;
  noServer: number;
  resets: number;
}

/** A request that was stopped where the run asked for it. */
export interface Ambushed {
  /** Which server has it. */
  readonly slot: number;
  /** Lets go: the client never gets the answer. */
  release(): void;
}

type Moment = 'passed-on' | 'answered';

interface Ambush {
  readonly moment: Moment;
  readonly spring: (ambushed: Ambushed) => void;
}

const AMBUSH_WITHIN_MS = 3000;
// Longer than any limit of the server.
const UPSTREAM_MS = 15_000;
const REFRESH = '/v1/auth/refresh';
const SIGN_IN = '/v1/auth/wechat/login';

/**
 * The network between the clients and the servers, and as bad as asked for.
 *
 * Spreads requests over the servers without looking whether they live, as a balancer does between two health checks.
 */
export class ChaosProxy {
  readonly counts: ProxyCounts = {
    passedOn: 0,
    signInsPassedOn: 0,
    requestsLost: 0,
    responsesLost: 0,
    duplicated: 0,
    late: 0,
    delayed: 0,
    noServer: 0,
    resets: 0,
  };
  /** Null: a perfect network. */
  rates: ChaosRates | null = null;

  private readonly upstream = new Agent({ keepAlive: true, maxSockets: 128 });
  private readonly underWay = new Set<Promise<unknown>>();
  private ambush: Ambush | null = null;

  private constructor(
    private readonly server: Server,
    private readonly chance: Chance,
    private readonly urls: () => readonly (string | null)[],
  ) {
    server.on('request', (incoming: IncomingMessage, outgoing: ServerResponse) => {
      this.follow(this.carry(incoming, outgoing).catch(() => void outgoing.destroy()));
    });
  }

  /** @param urls where the servers are at this moment, null for one that is not there */
  static async start(chance: Chance, urls: () => readonly (string | null)[]): Promise<ChaosProxy> {
    const server = createServer({ keepAliveTimeout: 60_000 });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new ChaosProxy(server, chance, urls);
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** Cuts every connection at once, on both sides. */
  reset(): void {
    this.counts.resets += 1;
    this.server.closeAllConnections();
    for (const sockets of Object.values(this.upstream.sockets)) sockets?.forEach((socket) => socket.destroy());
  }

  /** Stops the next refresh when it has been passed on, or when its answer has come. Null when there is none in time. */
  async catchRefresh(moment: Moment): Promise<Ambushed | null> {
    const caught = new Promise<Ambushed>((resolve) => {
      this.ambush = { moment, spring: resolve };
    });
    const ambushed = await Promise.race([caught, sleep(AMBUSH_WITHIN_MS, null)]);
    this.ambush = null;
    return ambushed;
  }

  /** Waits until no message is under way any more, the late ones included. */
  async settle(): Promise<void> {
    while (this.underWay.size > 0) await Promise.allSettled([...this.underWay]);
  }

  async close(): Promise<void> {
    this.upstream.destroy();
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private async carry(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const message = await messageOf(incoming);
    const fate = this.fateOf(message);
    const hold = () => this.chance.pause(...(this.rates ?? HARSH).holdMs);
    switch (fate) {
      case 'requestLost':
        this.counts.requestsLost += 1;
        outgoing.destroy();
        return;
      case 'late':
        this.counts.late += 1;
        outgoing.destroy();
        await hold();
        await this.passOn(message);
        return;
      case 'responseLost':
        await this.passOn(message);
        this.counts.responsesLost += 1;
        outgoing.destroy();
        return;
      case 'duplicated': {
        this.counts.duplicated += 1;
        const again = hold().then(() => this.passOn(message));
        this.follow(again);
        answer(outgoing, await (this.chance.happens(0.5) ? this.passOn(message) : again));
        return;
      }
      case 'delayed':
        this.counts.delayed += 1;
        await hold();
        answer(outgoing, await this.passOn(message));
        return;
      case 'passed':
        answer(outgoing, await this.passOnOrAmbush(message));
        return;
      default:
        throw new Error(`unknown fate ${String(fate satisfies never)}`);
    }
  }

  private fateOf(message: Message): Fate | 'passed' {
    if (!this.rates) return 'passed';
    let drawn = this.chance.next();
    for (const fate of FATES) {
      drawn -= this.rates[fate];
      if (drawn >= 0) continue;
      // A code of WeChat works once: of its duplicates all but one are refused, which says nothing about sessions.
      return fate === 'duplicated' && message.path === SIGN_IN ? 'delayed' : fate;
    }
    return 'passed';
  }

  /** Null when there is no server, or it went away. */
  private async passOn(message: Message, slot = this.anySlot(), onSent?: () => void): Promise<WholeAnswer | null> {
    const url = this.urls()[slot];
    if (!url) {
      this.counts.noServer += 1;
      return null;
    }
    this.counts.passedOn += 1;
    if (message.path === SIGN_IN) this.counts.signInsPassedOn += 1;
    const { method, path, body, token } = message;
    const options = { body, token, agent: this.upstream, withinMs: UPSTREAM_MS, ...(onSent ? { onSent } : {}) };
    return send(method, url + path, options).catch(() => null);
  }

  private async passOnOrAmbush(message: Message): Promise<WholeAnswer | null> {
    const { ambush } = this;
    if (!ambush || message.path !== REFRESH) return this.passOn(message);
    this.ambush = null;
    const slot = this.anySlot();
    const spring = () => new Promise<void>((release) => ambush.spring({ slot, release }));
    if (ambush.moment === 'passed-on') {
      const released: Promise<void>[] = [];
      await this.passOn(message, slot, () => void released.push(spring()));
      await Promise.all(released);
    } else {
      await this.passOn(message, slot);
      await spring();
    }
    return null;
  }

  private anySlot(): number {
    return Math.floor(this.chance.next() * this.urls().length);
  }

  private follow(work: Promise<unknown>): void {
    this.underWay.add(work);
    void work.finally(() => this.underWay.delete(work)).catch(() => undefined);
  }
}

interface Message {
  readonly method: string;
  readonly path: string;
  readonly token: string | undefined;
  readonly body: unknown;
}

async function messageOf(incoming: IncomingMessage): Promise<Message> {
  const { text } = await readWhole(incoming);
  return {
    method: incoming.method ?? 'GET',
    path: incoming.url ?? '/',
    token: incoming.headers.authorization?.replace(/^Bearer /, ''),
    body: text === '' ? undefined : (JSON.parse(text) as unknown),
  };
}

function answer(outgoing: ServerResponse, whole: WholeAnswer | null): void {
  if (outgoing.destroyed) return;
  if (!whole) {
    outgoing.destroy();
    return;
  }
  outgoing.writeHead(whole.status, { 'content-type': whole.contentType }).end(whole.text);
}
