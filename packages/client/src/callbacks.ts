import type { AuthError } from './errors.js';

/** The style of `wx`, beside the promise. With it a rejection that nobody looks at is not reported as unhandled. */
export interface Callbacks<Result> {
  readonly success?: (result: Result) => void;
  readonly fail?: (error: AuthError) => void;
  readonly complete?: (outcome: Result | AuthError) => void;
}

/** A promise of something that can be given up. */
export interface Abortable<Result> extends Promise<Result> {
  /** Ends it with REQUEST_ABORTED, whatever it is waiting for. A request that has left may have reached the server. */
  abort(): void;
}

/** Lets every method take callbacks in its last parameter, and reject with what it throws. */
export function withCallbacks<Methods extends object>(methods: Methods): Methods {
  const named = methods as Record<string, (...given: unknown[]) => Promise<unknown>>;
  Object.keys(named).forEach((name) => {
    const method = named[name]!;
    named[name] = (...given: unknown[]) => {
      let work: Promise<unknown>;
      try {
        work = method(...given);
      } catch (error) {
        // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- what was thrown is passed on as it is
        work = Promise.reject(error);
      }
      const { success, fail, complete } = (given[given.length - 1] || {}) as Callbacks<unknown>;
      if (success || fail || complete) {
        const tell = (callback: ((outcome: never) => void) | undefined) => (outcome: unknown) => {
          if (callback) callback(outcome as never);
          if (complete) complete(outcome);
        };
        work.then(tell(success), tell(fail));
      }
      return work;
    };
  });
  return methods;
}
