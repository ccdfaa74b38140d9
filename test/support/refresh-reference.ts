/** What a server answers to a refresh, as far as the protocol goes. */
export interface Reply {
  readonly status: number;
  /** Of a 200. */
  readonly refreshToken?: string;
  /** Of anything else. */
  readonly code?: string;
}

/** The protocol's rules, each of which a test may take away. */
export interface RefreshRules {
  /** How long a repeat without a nonce gets the same child, in seconds. */
  readonly repeatSeconds: number;
  /** How long a token that was replaced is forgiven, in seconds. */
  readonly forgiveSeconds: number;
  /** How many replaced tokens are remembered. */
  readonly ring: number;
  /** What a parent is good for whose child is not used yet. */
  readonly parent: 'child by nonce' | 'same child for a while' | 'same child for ever' | 'nothing';
  /** Whether a new child in the place of another counts as a rotation. */
  readonly forkRotates: boolean;
  /** Whether handing out the same child without a nonce counts as a rotation. */
  readonly repeatRotates: boolean;
}

/** The rules as they are. */
export const RULES: RefreshRules = {
  repeatSeconds: 120,
  forgiveSeconds: 120,
  ring: 8,
  parent: 'child by nonce',
  forkRotates: true,
  repeatRotates: true,
};

interface Retired {
  readonly token: string;
  readonly at: number;
}

type Meaning = 'newest' | 'same child' | 'other child' | 'late' | 'used';

/**
 * One session as the protocol's description has it, for comparison with the real one.
 *
 * Knows tokens as names, not generations and forks, and takes the names of new tokens from whoever it is compared with.
 * Times are seconds on a clock of the test. There are no failovers here.
 */
export class ReferenceSession {
  private readonly born: Set<string>;
  private child: string;
  private parent: string | null = null;
  private nonce: string | null = null;
  private rotatedAt = 0;
  private retired: readonly Retired[] = [];
  private revoked = false;

  constructor(
    first: string,
    private readonly rules: RefreshRules = RULES,
  ) {
    this.child = first;
    this.born = new Set([first]);
  }

  /**
   * What the answer to this token has to be, after which the session has moved on.
   *
   * @param nameOfChild the token that the other side answered; a name that was there before fits no new child
   */
  present(token: string, nonce: string | null, now: number, nameOfChild: string | undefined): Reply {
    if (this.revoked) return { status: 401, code: 'REFRESH_TOKEN_REUSED' };
    switch (this.meaningOf(token, nonce, now)) {
      case 'newest':
        if (this.parent !== null) this.retire(this.parent, now);
        this.parent = token;
        return this.bear(nonce, now, nameOfChild);
      case 'same child':
        if (nonce === null && this.rules.repeatRotates) this.rotatedAt = now;
        return { status: 200, refreshToken: this.child };
      case 'other child':
        this.retire(this.child, now);
        return this.bear(nonce, this.rules.forkRotates ? now : this.rotatedAt, nameOfChild);
      case 'late':
        return { status: 409, code: 'REFRESH_SUPERSEDED' };
      case 'used':
        this.revoked = true;
        return { status: 401, code: 'REFRESH_TOKEN_REUSED' };
    }
  }

  /** Whether whoever holds this token can go on. */
  accepts(token: string, nonce: string | null, now: number): boolean {
    return !this.revoked && ['newest', 'same child', 'other child'].includes(this.meaningOf(token, nonce, now));
  }

  get isRevoked(): boolean {
    return this.revoked;
  }

  copy(): ReferenceSession {
    const copy = new ReferenceSession(this.child, this.rules);
    this.born.forEach((token) => copy.born.add(token));
    copy.parent = this.parent;
    copy.nonce = this.nonce;
    copy.rotatedAt = this.rotatedAt;
    copy.retired = this.retired;
    copy.revoked = this.revoked;
    return copy;
  }

  private meaningOf(token: string, nonce: string | null, now: number): Meaning {
    if (token === this.child) return 'newest';
    if (token === this.parent) {
      const meaning = this.meaningOfParent(nonce, now);
      if (meaning !== 'used') return meaning;
    }
    const retired = this.retired.find((one) => one.token === token);
    return retired && now - retired.at < this.rules.forgiveSeconds ? 'late' : 'used';
  }

  private meaningOfParent(nonce: string | null, now: number): Meaning {
    const recent = now - this.rotatedAt < this.rules.repeatSeconds;
    switch (this.rules.parent) {
      case 'child by nonce':
        return (nonce === null ? recent : nonce === this.nonce) ? 'same child' : 'other child';
      case 'same child for a while':
        return recent ? 'same child' : 'used';
      case 'same child for ever':
        return 'same child';
      case 'nothing':
        return 'used';
    }
  }

  private retire(token: string, now: number): void {
    this.retired = [{ token, at: now }, ...this.retired].slice(0, this.rules.ring);
  }

  private bear(nonce: string | null, rotatedAt: number, name: string | undefined): Reply {
    this.nonce = nonce;
    this.rotatedAt = rotatedAt;
    this.child = name !== undefined && !this.born.has(name) ? name : 'a token that was never there before';
    this.born.add(this.child);
    return { status: 200, refreshToken: this.child };
  }
}
