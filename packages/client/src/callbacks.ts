import { AuthError } from './errors.js';
import { abortTask, type Cancel } from './http.js';

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

export function answer<Result>(work: Promise<Result>, { success, fail, complete }: Callbacks<Result> = {}): Promise<Result> {
  if (success || fail || complete) {
    work.then(
      (result) => {
        if (success) success(result);
        if (complete) complete(result);
      },
      (error: AuthError) => {
        if (fail) fail(error);
        if (complete) complete(error);
      },
    );
  }
  return work;
}

export function abortable<Result>(
  start: (cancel: Cancel) => Promise<Result>,
  callbacks: Callbacks<Result>,
): Abortable<Result> {
  const cancel: Cancel = { isCancelled: false, task: null };
  let giveUp: (error: AuthError) => void;
  const work = new Promise<Result>((resolve, reject) => {
    giveUp = reject;
    start(cancel).then(resolve, reject);
  });
  const abort = (): void => {
    cancel.isCancelled = true;
    giveUp(new AuthError('REQUEST_ABORTED'));
    abortTask(cancel.task);
  };
  return Object.assign(answer(work, callbacks), { abort });
}
