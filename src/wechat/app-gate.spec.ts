import { register } from 'prom-client';
import { AppGate, IN_FLIGHT_MAX, type CallEnding, type GatePass } from './app-gate.js';

const OPEN_MS = 5000;
const FAILURES = 10;

describe('the gate of an app', () => {
  let now = 0;
  let gate: AppGate;
  beforeEach(() => {
    now = 1_000_000;
    gate = new AppGate('wx-gate', () => now);
  });

  const call = (ending: CallEnding) => gate.enter().leave(ending);
  const fail = (times: number) => Array.from({ length: times }, () => call('failed'));
  const refusal = (): unknown => {
    try {
      gate.enter();
      return null;
    } catch (error) {
      return error;
    }
  };
  const shownState = async (): Promise<number | undefined> => {
    const metric = await register.getSingleMetric('wechat_breaker_state')!.get();
    return metric.values.find(({ labels }) => labels['app'] === 'wx-gate')?.value;
  };

  it('lets calls through while they are answered, whatever fails in between', () => {
    for (let round = 0; round < 5; round += 1) {
      fail(FAILURES - 1);
      call('answered');
    }
    expect(refusal()).toBeNull();
  });

  it('opens after ten failures in a row, and says how long', async () => {
    fail(FAILURES);
    now += 1500;
    expect(refusal()).toMatchObject({ code: 'WECHAT_UNAVAILABLE', retryAfterSeconds: 4 });
    expect(await shownState()).toBe(2);
  });

  it('lets one call try after five seconds, and closes when it is answered', async () => {
    fail(FAILURES);
    now += OPEN_MS - 1;
    expect(refusal()).not.toBeNull();
    now += 1;
    const probe = gate.enter();
    expect(await shownState()).toBe(1);
    expect(refusal()).toMatchObject({ code: 'WECHAT_UNAVAILABLE', retryAfterSeconds: 1 });
    probe.leave('answered');
    expect(await shownState()).toBe(0);
    fail(FAILURES - 1);
    expect(refusal()).toBeNull();
  });

  it('stays open for another five seconds when the one call fails', () => {
    fail(FAILURES);
    now += OPEN_MS;
    call('failed');
    now += OPEN_MS - 1;
    expect(refusal()).not.toBeNull();
    now += 1;
    call('answered');
    expect(refusal()).toBeNull();
  });

  it('does not listen to calls that began before it opened', () => {
    const early = [gate.enter(), gate.enter()];
    fail(FAILURES);
    early[0]!.leave('answered');
    expect(refusal()).not.toBeNull();

    now += OPEN_MS;
    call('answered');
    fail(FAILURES - 1);
    early[1]!.leave('failed');
    expect(refusal()).toBeNull();
  });

  it('refuses at once what is too much, until a call ends', () => {
    const passes: GatePass[] = Array.from({ length: IN_FLIGHT_MAX }, () => gate.enter());
    expect(refusal()).toMatchObject({ code: 'WECHAT_UNAVAILABLE', retryAfterSeconds: 1 });
    passes[0]!.leave('answered');
    expect(refusal()).toBeNull();
  });

  it('still lets one call try when it was full of calls that hang as it opened', () => {
    const hanging = Array.from({ length: IN_FLIGHT_MAX - 1 }, () => gate.enter());
    fail(FAILURES);
    now += OPEN_MS;
    const probe = gate.enter();
    probe.leave('failed');
    now += OPEN_MS;
    const last = gate.enter();
    expect(refusal()).not.toBeNull();
    last.leave('answered');
    hanging.forEach((pass) => pass.leave('failed'));
    expect(refusal()).toBeNull();
  });

  it('does not forget to let one call try when it was full at that moment', () => {
    const hanging = Array.from({ length: IN_FLIGHT_MAX - 1 }, () => gate.enter());
    fail(FAILURES - 1);
    const last = gate.enter();
    last.leave('failed');
    now += OPEN_MS;
    hanging.push(gate.enter());
    hanging.at(-1)!.leave('failed');
    now += OPEN_MS;
    call('answered');
    expect(refusal()).toBeNull();
  });
});
