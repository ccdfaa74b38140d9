import { RevokedSessions } from './revoked-sessions.js';

const SWEEP_MS = 60_000;

describe('RevokedSessions', () => {
  let sessions: RevokedSessions;
  let now: number;
  beforeEach(() => {
    now = 0;
    performance.now = () => now;
    sessions = new RevokedSessions();
  });
  // What was set on the object hides the prototype's own.
  afterEach(() => {
    Reflect.deleteProperty(performance, 'now');
  });
  const letPass = (ms: number): void => {
    now += ms;
  };

  it('knows why a session died, and nothing of others', () => {
    sessions.add('a', 'signed_out', 10);
    sessions.add('b', 'disabled', 10);
    expect(sessions.reasonOf('a')).toBe('signed_out');
    expect(sessions.reasonOf('b')).toBe('disabled');
    expect(sessions.reasonOf('c')).toBeUndefined();
  });

  it('knows it for as long as it was told to', () => {
    sessions.add('a', 'signed_out', 7200);
    for (let minute = 1; minute < 120; minute += 1) {
      letPass(60_000);
      sessions.add(`other ${minute}`, 'replaced', 1);
      expect(sessions.reasonOf('a')).toBe('signed_out');
    }
  });

  it('forgets it afterwards, when the next session dies', () => {
    sessions.add('a', 'signed_out', 5);
    sessions.add('b', 'signed_out', 300);
    letPass(SWEEP_MS);
    sessions.add('c', 'signed_out', 5);
    expect([sessions.reasonOf('a'), sessions.reasonOf('b'), sessions.reasonOf('c')]).toEqual([
      undefined,
      'signed_out',
      'signed_out',
    ]);
    expect(sessions.size).toBe(2);
  });

  it('knows it longer when it is told again', () => {
    sessions.add('a', 'signed_out', 5);
    sessions.add('a', 'signed_out', 300);
    letPass(SWEEP_MS);
    sessions.add('b', 'signed_out', 5);
    expect(sessions.reasonOf('a')).toBe('signed_out');
  });

  it('holds no more than dies within a lifetime and a minute, however long it runs', () => {
    const lifetimeSeconds = 120;
    let most = 0;
    for (let second = 0; second < 3600; second += 1) {
      for (let one = 0; one < 10; one += 1) sessions.add(`${second}/${one}`, 'signed_out', lifetimeSeconds);
      letPass(1000);
      most = Math.max(most, sessions.size);
    }
    expect(most).toBeLessThanOrEqual(10 * (lifetimeSeconds + SWEEP_MS / 1000 + 1));
  });
});
