import { createClient, type AuthError, type AuthEvent, type PassportClient } from 'wechat-passport-client';
import type { Sandbox } from '../../src/sandbox/sandbox.js';
import type { Network } from './wx-runtime/wx-network.js';
import { WxPhone } from './wx-runtime/wx-phone.js';

// No message lives longer: the protocol's assumption.
const MESSAGE_MS = 120_000;
const ACCESS_TOKEN_MS = 7_200_000;
const ROUNDS = 12;

/** What a device has been through. */
export interface DeviceStory {
  /** Whether the app was told to show its login page, and whether the server had ended the session on purpose. */
  readonly sawLoginPage: boolean;
  readonly wasSignedOut: boolean;
  /** Sign-ins after the first one had been kept. */
  readonly signInsLater: number;
  /** Whether the session works at the end. */
  readonly works: boolean;
}

/** Where devices live. */
export interface DeviceWorld {
  readonly url: string;
  readonly wechat: Sandbox;
  /** Makes the server believe that time has passed for a session. */
  letPass(sessionId: string, seconds: number): Promise<void>;
  /** Signs a session out from elsewhere. */
  signOut(sessionId: string): Promise<void>;
}

/** A message that is held up, and arrives later or never. */
interface Held {
  readonly at: number;
  readonly carry: () => Promise<unknown>;
}

/**
 * One phone with a mini-program on a bad network, for some rounds.
 *
 * Requests and answers are lost, held up, doubled and overtaken; the app goes to the background, restarts, and lies around for hours.
 *
 * @param chance 0 to 1, the next one of a sequence
 */
export async function liveOn(world: DeviceWorld, user: string, chance: () => number): Promise<DeviceStory> {
  const phone = new WxPhone({ wechat: world.wechat, user });
  const heard: AuthEvent[] = [];
  let held: Held[] = [];
  const lost = () => Promise.reject(new Error(''));
  const bad: Network = async (request, carry) => {
    const fate = chance();
    if (fate < 0.08) return lost();
    if (fate < 0.2) return carry().then(lost);
    // A sign-in that arrives twice puts a second session in the place of the first. That is no loss, and not shown here.
    if (request.url.endsWith('/login')) return carry();
    if (fate < 0.28) {
      held.push({ at: phone.clock.now(), carry });
      return lost();
    }
    if (fate < 0.36) return Promise.race([carry(), carry()]);
    if (fate < 0.42) return carry().then(carry);
    if (fate < 0.48 && request.url.endsWith('/session')) {
      return { statusCode: 401, header: {}, data: { code: 'ACCESS_TOKEN_EXPIRED', remedy: 'refresh' } };
    }
    return carry();
  };
  phone.net.network = bad;
  const start = (): PassportClient => {
    const client = createClient({ baseURL: world.url, platform: phone.wx, clock: phone.clock });
    client.onAuthStateChange((event) => heard.push(event));
    return client;
  };
  const ask = (client: PassportClient) => client.request<{ sessionId: string }>({ url: '/v1/auth/session' });
  const lateOnesArrive = async (): Promise<void> => {
    const alive = held.filter(({ at }) => phone.clock.now() - at < MESSAGE_MS);
    held = [];
    await Promise.all(alive.map(({ carry }) => carry()));
  };
  const timePasses = async (milliseconds: number): Promise<void> => {
    if (milliseconds >= MESSAGE_MS) held = [];
    phone.clock.advance(milliseconds);
    await world.letPass(sessionId, milliseconds / 1000);
  };

  let client = start();
  let sessionId = '';
  while (sessionId === '') sessionId = await ask(client).then(({ data }) => data.sessionId, whenTransient(''));
  const signedIn = phone.count('login');
  for (let round = 0; round < ROUNDS; round += 1) {
    const act = chance();
    if (act < 0.3) await ask(client).then(undefined, whenTransient(null));
    else if (act < 0.5) await Promise.allSettled([ask(client), ask(client), client.refreshSession()]);
    else if (act < 0.6) client = start();
    else if (act < 0.7) await inBackground(phone, () => client.refreshSession().then(undefined, whenTransient(null)));
    else if (act < 0.8) await lateOnesArrive();
    else await timePasses(chance() < 0.5 ? 60_000 : ACCESS_TOKEN_MS);
  }
  await timePasses(ACCESS_TOKEN_MS);
  const wasSignedOut = chance() < 0.1;
  if (wasSignedOut) await world.signOut(sessionId);
  phone.net.network = (_request, carry) => carry();
  const works = await ask(client).then(
    ({ data }) => data.sessionId === sessionId,
    () => false,
  );
  return {
    sawLoginPage: heard.includes('SIGNED_OUT'),
    wasSignedOut,
    signInsLater: phone.count('login') - signedIn,
    works,
  };
}

// The end of a session shows in the story: the SDK signs in again, or tells the app.
const BEARABLE: readonly string[] = ['retry-later', 'refresh', 'ask-user', 'login-again'];

/** A failure that may be gone the next time. Anything else is the end of the test. */
function whenTransient<Value>(value: Value): (error: AuthError) => Value {
  return (error) => {
    if (BEARABLE.includes(error.remedy)) return value;
    throw error;
  };
}

/** The app goes to the background in the middle of something, and comes back. */
async function inBackground(phone: WxPhone, act: () => Promise<unknown>): Promise<void> {
  const acting = act();
  phone.hide();
  phone.clock.advance(5000);
  for (let turn = 0; turn < 3; turn += 1) await new Promise(setImmediate);
  phone.show();
  await acting;
}
