// A server that answers with nothing but failures is asked again only so often.
const AFTER_FAILURE_MS = 10;

/** Sends the next request over a connection as soon as the last one is answered, and checks every answer. */
export class Loop {
  #stopped = false;

  /** @param flow what to send (`next`) and whether an answer is right (`accept`) */
  constructor(connection, flow, record) {
    this.connection = connection;
    this.flow = flow;
    this.record = record;
  }

  /** Resolves after `stop`, when the last answer is there. */
  run() {
    return new Promise((resolve) => this.#sendNext(resolve));
  }

  stop() {
    this.#stopped = true;
  }

  #sendNext(done) {
    if (this.#stopped || this.record.isHopeless) return done();
    const { connection, flow, record } = this;
    const sentAt = performance.now();
    const answered = (status, body) => {
      const milliseconds = performance.now() - sentAt;
      record.add(milliseconds, flow.accept(status, body) ? null : `${status} ${body.slice(0, 300)}`);
      this.#sendNext(done);
    };
    const failed = (error) => {
      record.add(performance.now() - sentAt, error.message);
      setTimeout(() => this.#sendNext(done), AFTER_FAILURE_MS);
    };
    connection.send(flow.next(), answered, failed);
  }
}
