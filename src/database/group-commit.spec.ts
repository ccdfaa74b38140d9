import { setImmediate as nextTurn } from 'node:timers/promises';
import { AppError } from '../errors/app-error.js';
import { GroupCommit } from './group-commit.js';

interface Item {
  readonly key: string;
  readonly name: string;
}

const item = (key: string, name = key): Item => ({ key, name });

/** A database that answers when it is told to, and remembers what it was asked. */
class Stage {
  readonly batches: string[][] = [];
  readonly alone: string[] = [];
  /** What a batch makes of an item; undefined leaves it out. */
  answer: (one: Item) => string | undefined = ({ name }) => `${name} together`;
  private readonly held: (() => void)[] = [];

  readonly group = new GroupCommit<Item, string>({
    keyOf: ({ key }) => key,
    together: async (items) => {
      this.batches.push(items.map(({ name }) => name));
      await this.hold();
      return items.map((one) => this.answer(one));
    },
    alone: async ({ name }) => {
      this.alone.push(name);
      await this.hold();
      if (name === 'bad') throw new Error('bad by itself');
      return `${name} alone`;
    },
  });

  /** Lets the oldest statement in flight end. */
  async release(): Promise<void> {
    this.held.shift()!();
    await nextTurn();
  }

  async releaseAll(): Promise<void> {
    while (this.held.length > 0) await this.release();
  }

  private hold(): Promise<void> {
    return new Promise((resolve) => this.held.push(resolve));
  }
}

describe('GroupCommit', () => {
  let stage: Stage;
  beforeEach(() => {
    stage = new Stage();
  });

  /** Occupies the connection, so that what follows collects behind a batch in flight. */
  function occupy(): void {
    void stage.group.run(item('~1', 'first'));
    void stage.group.run(item('~2', 'second')).catch(() => undefined);
  }

  it('serves a lone request at once and by itself', async () => {
    const answer = stage.group.run(item('a'));
    expect(stage.alone).toEqual(['a']);
    await stage.releaseAll();
    expect(await answer).toBe('a alone');
    expect(stage.batches).toEqual([]);
  });

  it('does not make the second request wait for the first, which may be held up', async () => {
    void stage.group.run(item('a'));
    void stage.group.run(item('b'));
    expect([stage.alone, stage.batches]).toEqual([['a'], [['b']]]);
    await stage.releaseAll();
  });

  it('collects while a batch is in flight, and sorts by key', async () => {
    occupy();
    const answers = ['c', 'a', 'b'].map((key) => stage.group.run(item(key)));
    expect(stage.batches).toEqual([['second']]);
    await stage.releaseAll();
    expect(stage.batches).toEqual([['second'], ['a', 'b', 'c']]);
    expect(await Promise.all(answers)).toEqual(['c together', 'a together', 'b together']);
  });

  it('holds a key once a batch, and keeps the order of those who share it', async () => {
    occupy();
    const answers = [item('a', 'a1'), item('b'), item('a', 'a2'), item('a', 'a3')].map((one) => stage.group.run(one));
    await stage.releaseAll();
    await Promise.all(answers);
    expect(stage.batches).toEqual([['second'], ['a1', 'b'], ['a2'], ['a3']]);
  });

  it('takes at most 128 at once', async () => {
    occupy();
    const answers = Array.from({ length: 300 }, (_, index) => stage.group.run(item(String(index))));
    await stage.releaseAll();
    await Promise.all(answers);
    expect(stage.batches.map(({ length }) => length)).toEqual([1, 128, 128, 44]);
  });

  it('serves alone what a batch left out, and does not hold up the next batch with it', async () => {
    occupy();
    stage.answer = ({ name }) => (name === 'held' ? undefined : `${name} together`);
    const [held, other] = [stage.group.run(item('held')), stage.group.run(item('other'))];
    await stage.release();
    await stage.release();
    await stage.release();
    expect(await other).toBe('other together');
    expect(stage.alone).toEqual(['first', 'held']);
    const later = stage.group.run(item('later'));
    expect(stage.batches.at(-1)).toEqual(['later']);
    await stage.releaseAll();
    expect([await held, await later]).toEqual(['held alone', 'later together']);
  });

  it('harms nobody for a neighbour: what the database refuses together is done one by one', async () => {
    occupy();
    stage.answer = () => {
      throw Object.assign(new Error('check violated'), { code: '23514' });
    };
    const answers = ['a', 'bad', 'c'].map((key) => stage.group.run(item(key)));
    const settled = Promise.allSettled(answers);
    await stage.releaseAll();
    expect((await settled).map((one) => (one.status === 'fulfilled' ? one.value : String(one.reason)))).toEqual([
      'a alone',
      'Error: bad by itself',
      'c alone',
    ]);
  });

  it('does nothing again that a lost connection may have committed', async () => {
    occupy();
    stage.answer = () => {
      throw new AppError('SERVICE_UNAVAILABLE', { cause: new Error('Connection terminated unexpectedly') });
    };
    const answer = stage.group.run(item('a'));
    const refused = expect(answer).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
    await stage.releaseAll();
    await refused;
    expect(stage.alone).toEqual(['first']);
  });

  it('turns away whoever comes when too many wait, with the time to come again', async () => {
    occupy();
    const waiting = Array.from({ length: 2048 }, (_, index) => stage.group.run(item(String(index))));
    await expect(stage.group.run(item('one too many'))).rejects.toMatchObject({
      code: 'SERVICE_UNAVAILABLE',
      retryAfterSeconds: 1,
    });
    await stage.releaseAll();
    expect(await Promise.all(waiting)).toHaveLength(2048);
    await expect(Promise.all([stage.group.run(item('after')), stage.releaseAll()])).resolves.toContain('after alone');
  });
});
