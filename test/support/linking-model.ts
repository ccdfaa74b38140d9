import type { ErrorCode } from '../../src/errors/catalog.js';

/** A WeChat user as one of our apps sees them; with a unionid if WeChat tells it. */
export interface Sighting {
  readonly person: number;
  readonly app: number;
  readonly union: boolean;
}

/** One request that decides who is who, with everything it shows. */
export type Act =
  | { readonly kind: 'login'; readonly who: Sighting }
  | { readonly kind: 'register'; readonly who: Sighting; readonly phone: number }
  | { readonly kind: 'link'; readonly userId: string; readonly who: Sighting }
  | { readonly kind: 'bind'; readonly userId: string; readonly hasWechat: boolean; readonly phone: number }
  | { readonly kind: 'password'; readonly username: number; readonly ticket: Sighting | null }
  | { readonly kind: 'sms'; readonly phone: number; readonly ticket: Sighting | null };

/** Who holds which identity. Users that the model has made have names of its own, which begin with `new`. */
export type Holdings = ReadonlyMap<string, string>;

/** What a request came to: whose account, where it says so, or the error. */
export interface Outcome {
  readonly code: 'ok' | ErrorCode;
  readonly userId: string | null;
}

/** What an act may come to, and who holds what then. */
export interface Future {
  readonly holdings: Holdings;
  readonly outcomes: readonly Outcome[];
}

// A step either ends the act or lets the next one go on from what it has changed.
type Step = (held: Map<string, string>) => Outcome | null;

export const openidKey = ({ person, app }: Pick<Sighting, 'person' | 'app'>): string => `openid ${person} in ${app}`;
export const unionidKey = ({ person }: Pick<Sighting, 'person'>): string => `unionid ${person}`;
export const phoneKey = (phone: number): string => `phone ${phone}`;
export const usernameKey = (username: number): string => `username ${username}`;

/**
 * Everything that may come of acts that run at once: one future for every order of their steps. Of a single act, one.
 *
 * Written from the rules, not from the code: an openid stays with whom it is; a unionid is attached where it is nobody's and
 * moves nothing; a number is one user's, who may replace it by proving another; a new user is made only of what is nobody's.
 */
export function futuresOf(before: Holdings, acts: readonly Act[]): Future[] {
  const queues = acts.map((act, n) => stepsOf(act, `new-${n}`));
  return orders(queues.map((steps) => steps.length)).map((order) => {
    const held = new Map(before);
    const outcomes: (Outcome | null)[] = acts.map(() => null);
    const next = acts.map(() => 0);
    for (const turn of order) {
      const step = queues[turn]![next[turn]!]!;
      next[turn]! += 1;
      outcomes[turn] ??= step(held);
    }
    return { holdings: held, outcomes: outcomes.map((outcome) => outcome!) };
  });
}

/** What an act shows a proof of. Nobody gets any other identity by it. */
export function provedBy(act: Act): string[] {
  const wechat = (who: Sighting | null) => (who ? [openidKey(who), ...(who.union ? [unionidKey(who)] : [])] : []);
  switch (act.kind) {
    case 'login':
    case 'link':
      return wechat(act.who);
    case 'register':
      return [...wechat(act.who), phoneKey(act.phone)];
    case 'bind':
      return [phoneKey(act.phone)];
    case 'password':
      return [usernameKey(act.username), ...wechat(act.ticket)];
    case 'sms':
      return [phoneKey(act.phone), ...wechat(act.ticket)];
  }
}

function stepsOf(act: Act, newUser: string): Step[] {
  switch (act.kind) {
    case 'login':
      return [(held) => signIn(held, act.who, newUser)];
    case 'register':
      return [(held) => register(held, act.who, act.phone, newUser)];
    case 'link':
      return [(held) => attach(held, act.userId, act.who) ?? { code: 'ok', userId: null }];
    case 'bind':
      return [(held) => (act.hasWechat ? bind(held, act.userId, act.phone) : refused('WECHAT_IDENTITY_REQUIRED'))];
    case 'password':
      return [(held) => enter(held, held.get(usernameKey(act.username))!, act.ticket)];
    case 'sms':
      return [
        // Whoever proved the number has an account by it, whatever becomes of the ticket.
        (held) => {
          if (!held.has(phoneKey(act.phone))) held.set(phoneKey(act.phone), newUser);
          return act.ticket ? null : { code: 'ok', userId: held.get(phoneKey(act.phone))! };
        },
        ...(act.ticket ? [(held: Map<string, string>) => enter(held, held.get(phoneKey(act.phone))!, act.ticket)] : []),
      ];
  }
}

function signIn(held: Map<string, string>, who: Sighting, newUser: string): Outcome {
  const userId = holderOf(held, who) ?? newUser;
  attach(held, userId, who);
  return { code: 'ok', userId };
}

function register(held: Map<string, string>, who: Sighting, phone: number, newUser: string): Outcome {
  const userId = held.get(phoneKey(phone)) ?? holderOf(held, who) ?? newUser;
  const refusal = attach(held, userId, who);
  if (refusal) return refusal;
  give(held, userId, phone);
  return { code: 'ok', userId };
}

function bind(held: Map<string, string>, userId: string, phone: number): Outcome {
  const holder = held.get(phoneKey(phone));
  if (holder !== undefined && holder !== userId) return refused('PHONE_ALREADY_LINKED');
  give(held, userId, phone);
  return { code: 'ok', userId };
}

function enter(held: Map<string, string>, userId: string, ticket: Sighting | null): Outcome {
  return (ticket && attach(held, userId, ticket)) ?? { code: 'ok', userId };
}

function attach(held: Map<string, string>, userId: string, who: Sighting): Outcome | null {
  const holder = held.get(openidKey(who));
  if (holder !== undefined && holder !== userId) return refused('IDENTITY_ALREADY_LINKED');
  held.set(openidKey(who), userId);
  if (who.union && !held.has(unionidKey(who))) held.set(unionidKey(who), userId);
  return null;
}

function give(held: Map<string, string>, userId: string, phone: number): void {
  const last = [...held].find(([key, holder]) => key.startsWith('phone ') && holder === userId);
  if (last) held.delete(last[0]);
  held.set(phoneKey(phone), userId);
}

function holderOf(held: Holdings, who: Sighting): string | undefined {
  return held.get(openidKey(who)) ?? (who.union ? held.get(unionidKey(who)) : undefined);
}

function refused(code: ErrorCode): Outcome {
  return { code, userId: null };
}

/** Every way to run queues of these lengths against each other, as the turns they take. */
function orders(lengths: readonly number[]): number[][] {
  if (lengths.every((length) => length === 0)) return [[]];
  return lengths.flatMap((length, turn) =>
    length === 0 ? [] : orders(lengths.with(turn, length - 1)).map((rest) => [turn, ...rest]),
  );
}
