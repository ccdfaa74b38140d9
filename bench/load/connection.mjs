/**
 * Sends one request and answers its status, headers (a flat list of names and values) and text.
 *
 * Speaks undici's lowest interface: its other ones build streams and promises that cost more than the servers measured.
 */
export function send(client, request) {
  return new Promise((resolve, reject) => client.dispatch(request, new Answer(resolve, reject)));
}

/** One connection that sends the next request as soon as the last one is answered, and checks every answer. */
export class LoadConnection {
  #stopped = false;

  /** @param flow what to send (`next`) and whether an answer is right (`accept`) */
  constructor(client, flow, record) {
    this.client = client;
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
    const sentAt = performance.now();
    const answered = (status, text) => {
      const wrong = this.flow.accept(status, text) ? null : `${status} ${text.slice(0, 300)}`;
      this.record.add(performance.now() - sentAt, wrong);
      this.#sendNext(done);
    };
    const failed = (error) => {
      this.record.add(performance.now() - sentAt, String(error));
      setTimeout(() => this.#sendNext(done), 10);
    };
    this.client.dispatch(this.flow.next(), new Answer((answer) => answered(answer.status, answer.text), failed));
  }
}

/** Collects an answer; the names are undici's. */
class Answer {
  #status = 0;
  #headers = [];
  #text = '';

  constructor(resolve, reject) {
    this.resolve = resolve;
    this.reject = reject;
  }

  onConnect() {}

  onHeaders(status, headers) {
    this.#status = status;
    this.#headers = headers;
    return true;
  }

  onData(chunk) {
    this.#text += chunk.toString('latin1');
    return true;
  }

  onComplete() {
    this.resolve({ status: this.#status, headers: this.#headers, text: this.#text });
  }

  onError(error) {
    this.reject(error);
  }
}
