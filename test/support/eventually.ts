import { setTimeout as pause } from 'node:timers/promises';

const PAUSE_MS = 20;

/** Asks until the answer is yes. Fails after `withinMs`, naming what did not come true. */
export async function eventually(
  what: string,
  isTrue: () => boolean | Promise<boolean>,
  { withinMs = 5000 } = {},
): Promise<void> {
  const deadline = performance.now() + withinMs;
  while (!(await isTrue())) {
    if (performance.now() > deadline) throw new Error(`not within ${withinMs} ms: ${what}`);
    await pause(PAUSE_MS);
  }
}
