import { percentile } from '../statistics.mjs';

// A server that answers nothing but errors needs no more of them to show it.
const ERRORS_MAX = 1000;
const SAMPLES = 3;

/** Latencies in milliseconds of what was answered between `begin` and `end`, and everything that was wrong at any time. */
export class LatencyRecord {
  /** Right ones so far. */
  answers = 0;
  #open = false;
  #latencies = [];
  #errors = 0;
  #samples = [];

  begin() {
    this.#open = true;
  }

  end() {
    this.#open = false;
  }

  /** @param wrong what came in place of the right answer; null for a right one */
  add(milliseconds, wrong) {
    if (wrong !== null) return this.#addError(wrong);
    this.answers += 1;
    if (this.#open) this.#latencies.push(milliseconds);
  }

  get isHopeless() {
    return this.#errors >= ERRORS_MAX;
  }

  summary(seconds) {
    const sorted = Float64Array.from(this.#latencies).sort();
    return {
      requests: sorted.length,
      perSecond: sorted.length / seconds,
      p50: percentile(sorted, 0.5),
      p99: percentile(sorted, 0.99),
      errors: this.#errors,
      errorSamples: this.#samples,
    };
  }

  #addError(wrong) {
    this.#errors += 1;
    if (this.#samples.length < SAMPLES) this.#samples.push(wrong);
  }
}
