import { AppError } from '../../errors/app-error.js';

/** Lets so much work run at once and so much more wait, first come, first served. */
export class WorkQueue {
  private running = 0;
  private readonly waiting: (() => void)[] = [];

  constructor(
    private readonly atOnce: number,
    private readonly longest: number,
  ) {}

  /** @throws AppError SERVICE_UNAVAILABLE - too much is waiting already; nothing of this work was done */
  async run<Result>(work: () => Promise<Result>): Promise<Result> {
    await this.turn();
    try {
      return await work();
    } finally {
      this.handOn();
    }
  }

  private async turn(): Promise<void> {
    if (this.running < this.atOnce) {
      this.running += 1;
      return;
    }
    if (this.waiting.length >= this.longest) {
      throw new AppError('SERVICE_UNAVAILABLE', { context: { reason: 'work queue is full' }, retryAfterSeconds: 2 });
    }
    await new Promise<void>((go) => this.waiting.push(go));
  }

  /** Whoever waits longest takes the place that becomes free; it stays counted as running. */
  private handOn(): void {
    const next = this.waiting.shift();
    if (next) next();
    else this.running -= 1;
  }
}
