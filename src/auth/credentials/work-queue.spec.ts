import { WorkQueue } from './work-queue.js';

describe('a work queue', () => {
  it('runs no more at once than it may, in order, and all of it', async () => {
    const queue = new WorkQueue(2, 100);
    const started: number[] = [];
    let running = 0;
    let most = 0;
    const work = (number: number) => async () => {
      started.push(number);
      running += 1;
      most = Math.max(most, running);
      await new Promise((resolve) => setImmediate(resolve));
      running -= 1;
      return number;
    };
    const numbers = Array.from({ length: 50 }, (_, number) => number);
    expect(await Promise.all(numbers.map((number) => queue.run(work(number))))).toEqual(numbers);
    expect(started).toEqual(numbers);
    expect(most).toBe(2);
  });

  it('refuses what finds too much waiting, and takes work again when some is done', async () => {
    const queue = new WorkQueue(1, 1);
    let finish = (): void => undefined;
    const first = queue.run(() => new Promise<void>((resolve) => (finish = resolve)));
    const second = queue.run(() => Promise.resolve('second'));
    await expect(queue.run(() => Promise.resolve('third'))).rejects.toMatchObject({
      code: 'SERVICE_UNAVAILABLE',
      retryAfterSeconds: 2,
    });
    finish();
    await first;
    expect(await second).toBe('second');
    expect(await queue.run(() => Promise.resolve('fourth'))).toBe('fourth');
  });

  it('goes on after work that failed', async () => {
    const queue = new WorkQueue(1, 5);
    const failing = queue.run(() => Promise.reject(new Error('broken')));
    const next = queue.run(() => Promise.resolve('next'));
    await expect(failing).rejects.toThrow('broken');
    expect(await next).toBe('next');
  });
});
