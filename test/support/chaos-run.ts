import { Agent } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { ChaosClient, newClientCounts, type ClientCounts, type ClientWorld } from './chaos-client.js';
import type { ChaosDatabase } from './chaos-database.js';
import type { ChaosService } from './chaos-fleet.js';
import { send } from './chaos-http.js';
import { ChaosProxy, HARSH, type ProxyCounts } from './chaos-proxy.js';
import { eachOf, type Chance } from './chaos-random.js';

/** What may go wrong at once, beside what the network does all the time. */
export const FAULTS = [
  'kill-server',
  'kill-after-commit',
  'kill-on-the-way',
  'restart-database',
  'reset-network',
] as const;
export type Fault = (typeof FAULTS)[number];

export interface ChaosOptions {
  readonly service: ChaosService;
  readonly database: ChaosDatabase;
  readonly chance: Chance;
  readonly clients: number;
  readonly seconds: number;
}

/** What a run did, and what became of the sessions. */
export interface ChaosOutcome {
  readonly clients: readonly ChaosClient[];
  /** Sessions that ended although nobody had asked for it. */
  readonly lost: readonly ChaosClient[];
  /** Sessions whose end was acknowledged. */
  readonly left: readonly ChaosClient[];
  readonly counts: ClientCounts;
  readonly network: ProxyCounts;
  readonly faults: Readonly<Record<Fault, number>>;
}

const THINK_MS = [0, 2500] as const;
const FAULT_EVERY_MS = [300, 1500] as const;
const DOWN_MS = [0, 700] as const;
const LEAVES = 0.03;
const APP_RESTARTS = 0.03;
// On a machine that is busy with something else a short run may need longer to see every kind of fault.
const OVERTIME_MS = 60_000;
const KILLS_THE_LAST_ONE = 0.2;
// After the last fault everything must have come right by then.
const QUIET_MS = 60_000;
// The design's limit for an access token of an ended session, on every server, with the notification lost.
const REFUSED_WITHIN_MS = 3000;

/**
 * Lets clients live through bad times, and then asks everybody whether they are still who they were.
 *
 * Their number stays the same: for everybody who signs out somebody new signs in.
 */
export async function runChaos({ service, database, chance, clients, seconds }: ChaosOptions): Promise<ChaosOutcome> {
  const counts = newClientCounts();
  const faults = Object.fromEntries(FAULTS.map((fault) => [fault, 0])) as Record<Fault, number>;
  const everybody: ChaosClient[] = [];
  const proxy = await ChaosProxy.start(chance, () => service.urls);
  const agent = new Agent({ keepAlive: true });
  const world: ClientWorld = {
    url: proxy.url,
    agent,
    chance,
    counts,
    mintCode: (person) => service.mintCode(person),
  };
  const newcomer = (): ChaosClient => {
    const client = new ChaosClient(`person-${everybody.length}`, world);
    everybody.push(client);
    return client;
  };

  try {
    proxy.rates = HARSH;
    await eachOf(Array.from({ length: clients }, newcomer), (client) => client.signIn());
    const since = performance.now();
    const isOver = () => {
      const passedMs = performance.now() - since;
      const allSeen = Object.values(faults).every((times) => times > 0);
      return passedMs > seconds * 1000 + (allSeen ? 0 : OVERTIME_MS);
    };
    const lives = everybody.map((client) => live(client, { chance, newcomer, isOver }));
    await breakThings({ service, database, chance, proxy, faults, isOver });
    proxy.rates = null;
    await comeToRest(lives, service);
    await proxy.settle();
    await sleep(REFUSED_WITHIN_MS);
    await eachOf(everybody, (client, index) => finish(client, service, index % 4 === 0));
  } finally {
    agent.destroy();
    await proxy.close();
  }
  const lost = everybody.filter(({ state }) => state === 'lost');
  const left = everybody.filter(({ state }) => state === 'left');
  return { clients: everybody, lost, left, counts, network: proxy.counts, faults };
}

interface Life {
  readonly chance: Chance;
  readonly newcomer: () => ChaosClient;
  readonly isOver: () => boolean;
}

/** One phone's day: refreshing now and then, being closed in the middle of it, signing out and going on as somebody new. */
async function live(first: ChaosClient, { chance, newcomer, isOver }: Life): Promise<void> {
  let client = first;
  while (!isOver()) {
    if (client.state !== 'signed-in') {
      client = newcomer();
      await client.signIn(isOver);
    }
    await chance.pause(...THINK_MS);
    if (isOver() || client.state !== 'signed-in') continue;
    if (chance.happens(APP_RESTARTS)) {
      void client.refresh();
      await chance.pause(0, 30);
      client.restartApp();
    }
    if (chance.happens(LEAVES)) {
      // A page may be refreshing at that moment.
      if (chance.happens(0.5)) void client.refresh();
      await client.signOut();
    } else {
      await Promise.all([client.refresh(), client.refresh()]);
    }
  }
}

interface Breaking extends Pick<ChaosOptions, 'service' | 'database' | 'chance'> {
  readonly proxy: ChaosProxy;
  readonly faults: Record<Fault, number>;
  readonly isOver: () => boolean;
}

/** Every kind of fault in turn, in a new order every time; returns when all is repaired. */
async function breakThings({ service, database, chance, proxy, faults, isOver }: Breaking): Promise<void> {
  const repairs: Promise<void>[] = [];
  const killAndStart = async (slot: number): Promise<boolean> => {
    if (!service.urls[slot]) return false;
    const isLast = service.urls.every((url, other) => other === slot || url === null);
    if (isLast && !chance.happens(KILLS_THE_LAST_ONE)) await Promise.all(repairs);
    await service.kill(slot);
    repairs.push(service.start(slot));
    return true;
  };
  const killAt = async (moment: 'answered' | 'passed-on'): Promise<boolean> => {
    const caught = await proxy.catchRefresh(moment);
    if (!caught) return false;
    if (moment === 'passed-on') await chance.pause(0, 5);
    const killed = await killAndStart(caught.slot);
    caught.release();
    return killed;
  };
  const carryOut: Record<Fault, () => Promise<boolean>> = {
    'kill-server': () => killAndStart(Math.floor(chance.next() * service.urls.length)),
    'kill-after-commit': () => killAt('answered'),
    'kill-on-the-way': () => killAt('passed-on'),
    'restart-database': async () => {
      await database.crash();
      await chance.pause(...DOWN_MS);
      await database.start();
      return true;
    },
    'reset-network': () => {
      proxy.reset();
      return Promise.resolve(true);
    },
  };
  for (const fault of chance.rounds(FAULTS)) {
    await chance.pause(...FAULT_EVERY_MS);
    if (isOver()) break;
    if (await carryOut[fault]()) faults[fault] += 1;
  }
  await Promise.all(repairs);
}

async function comeToRest(lives: readonly Promise<void>[], service: ChaosService): Promise<void> {
  const tooLong = sleep(QUIET_MS, 'too long' as const, { ref: false });
  const first = await Promise.race([Promise.all(lives), tooLong]);
  if (first === 'too long') throw new Error(`clients are still trying ${QUIET_MS} ms after the last fault`);
  if (service.urls.some((url) => url === null)) throw new Error('a server has not come back');
}

/** Twice, so that the token of the last refresh is shown to work as well. Some leave, and all who left have to be gone. */
async function finish(client: ChaosClient, service: ChaosService, leaves: boolean): Promise<void> {
  const leftBefore = client.state === 'left';
  if (client.state === 'signed-in') await client.refresh();
  if (client.state === 'signed-in') await client.refresh();
  if (client.state === 'signed-in' && leaves) await client.signOut();
  if (client.state === 'left') await expectGone(client, service, leftBefore ? 0 : REFUSED_WITHIN_MS);
}

/** @throws Error when something of a session still works whose end was acknowledged */
async function expectGone(client: ChaosClient, service: ChaosService, patienceMs: number): Promise<void> {
  const { person, refreshToken, accessTokens } = client;
  const deadline = performance.now() + patienceMs;
  for (const url of service.urls) {
    const refresh = await send('POST', `${url}/v1/auth/refresh`, { body: { refreshToken } });
    if (refresh.status !== 401) throw new Error(`${person} signed out, and a refresh got ${refresh.status}`);
    for (const token of accessTokens) {
      while ((await send('GET', `${url}/v1/auth/session`, { token })).status !== 401) {
        if (performance.now() > deadline) throw new Error(`${person} signed out, and an access token still works`);
        await sleep(50);
      }
    }
  }
}
