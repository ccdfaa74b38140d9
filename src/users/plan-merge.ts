import type { IdentityKind } from './identity.entity.js';

/** An identity of one of two accounts that are to become one. */
export interface HeldIdentity {
  readonly id: string;
  readonly userId: string;
  readonly kind: IdentityKind;
  readonly issuer: string;
  readonly subject: string;
}

/** What decides who survives and who brings what. */
export interface MergingUser {
  readonly id: string;
  /** Sorts as time does. */
  readonly createdAt: string;
  readonly nickname: string | null;
  readonly avatarUrl: string | null;
  readonly passwordHash: string | null;
}

/** What a merge does. */
export interface MergePlan {
  readonly moved: readonly HeldIdentity[];
  /** The absorbed's phone and username where the survivor has their own: nobody has two. */
  readonly dropped: readonly HeldIdentity[];
  /** Whether the survivor gets the absorbed's. */
  readonly gives: {
    readonly nickname: boolean;
    readonly avatarUrl: boolean;
    readonly phone: boolean;
    readonly password: boolean;
  };
}

/** The older account survives; of two of one instant the one whose id is less. */
export function survivorFirst<User extends MergingUser>(one: User, other: User): [survivor: User, absorbed: User] {
  const order = one.createdAt.localeCompare(other.createdAt) || one.id.localeCompare(other.id);
  return order < 0 ? [one, other] : [other, one];
}

/**
 * Decides what becomes of what the absorbed account has. Pure.
 *
 * Every openid and unionid moves: a person with two WeChat accounts has two of them in one app, and is recognised by
 * either. A username brings its password along, because neither is of use without the other.
 */
export function planMerge(survivor: MergingUser, absorbed: MergingUser, held: readonly HeldIdentity[]): MergePlan {
  const kinds = new Set(held.filter(({ userId }) => userId === survivor.id).map(({ kind }) => kind));
  const brought = held.filter(({ userId }) => userId === absorbed.id);
  const hasNoRoom = ({ kind }: HeldIdentity): boolean => (kind === 'phone' || kind === 'username') && kinds.has(kind);
  const moved = brought.filter((identity) => !hasNoRoom(identity));
  const movesUsername = moved.some(({ kind }) => kind === 'username');
  return {
    moved,
    dropped: brought.filter(hasNoRoom),
    gives: {
      nickname: survivor.nickname === null && absorbed.nickname !== null,
      avatarUrl: survivor.avatarUrl === null && absorbed.avatarUrl !== null,
      phone: moved.some(({ kind }) => kind === 'phone'),
      password: absorbed.passwordHash !== null && (movesUsername || survivor.passwordHash === null),
    },
  };
}
