import cluster, { type Worker } from 'node:cluster';
import { AggregatorRegistry } from 'prom-client';
import { AppError } from '../errors/app-error.js';

/** A worker wants the metrics of all of them. */
interface Question {
  readonly question: 'wechat-passport:metrics';
  readonly id: number;
}

/** `text` is null when a worker did not tell in time. */
interface Answer {
  readonly answer: 'wechat-passport:metrics';
  readonly id: number;
  readonly text: string | null;
}

// prom-client gives the workers 5 s.
const ANSWER_MS = 6000;

/** In the primary process: tells every worker that asks the metrics of all workers, added up. */
export function answerMetricsQuestions(): void {
  const collector = new AggregatorRegistry();
  cluster.on('message', (worker: Worker, message: Partial<Question>) => {
    if (message.question !== 'wechat-passport:metrics') return;
    const tell = (text: string | null): void => {
      if (worker.isConnected()) worker.send({ answer: message.question, id: message.id, text });
    };
    collector.clusterMetrics().then(tell, () => tell(null));
  });
}

/** In a worker: asks the primary process for the metrics of all workers, because Prometheus reaches any one of them. */
export class WorkerMetrics {
  private readonly waiting = new Map<number, (text: string | null) => void>();
  private asked = 0;

  constructor() {
    // What the primary process asks this worker is answered by prom-client.
    new AggregatorRegistry();
    process.on('message', (message: Partial<Answer>) => {
      if (message.answer === 'wechat-passport:metrics') this.waiting.get(message.id!)?.(message.text!);
    });
  }

  /** @throws AppError SERVICE_UNAVAILABLE - one of the workers does not answer */
  async ofAllWorkers(): Promise<string> {
    const id = (this.asked += 1);
    const text = await new Promise<string | null>((resolve) => {
      this.waiting.set(id, resolve);
      setTimeout(() => resolve(null), ANSWER_MS).unref();
      process.send!({ question: 'wechat-passport:metrics', id } satisfies Question);
    });
    this.waiting.delete(id);
    if (text === null) throw new AppError('SERVICE_UNAVAILABLE', { context: { reason: 'a worker is silent' } });
    return text;
  }
}
