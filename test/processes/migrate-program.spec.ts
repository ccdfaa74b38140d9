import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { ROOT } from '../support/repository.js';
import { createTestDatabase, describeOnPostgres, type TestDatabase } from '../support/test-database.js';

const AT_ONCE = 8;

describeOnPostgres('the program that migrates in the image', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createTestDatabase({ migrated: false });
  });
  afterAll(() => database.drop());

  it('applies, shows and undoes the migrations, in eight processes at once', async () => {
    const fresh = await migrate('show');
    expect(fresh.length).toBeGreaterThan(2);
    expect(fresh.filter((line) => !/^\[ \] \w+\d{13}$/.test(line))).toEqual([]);

    const applied = (await Promise.all(Array.from({ length: AT_ONCE }, () => migrate('run')))).flat();
    const names = fresh.map((line) => line.slice('[ ] '.length));
    expect(applied.filter((line) => line.startsWith('Applied'))).toEqual([`Applied: ${names.join(', ')}`]);
    expect(applied.filter((line) => line.startsWith('Nothing to apply'))).toHaveLength(AT_ONCE - 1);
    expect(await migrate('show')).toEqual(names.map((name) => `[X] ${name}`));

    await migrate('revert');
    expect(await migrate('show')).toEqual(
      names.map((name, index) => `[${index === names.length - 1 ? ' ' : 'X'}] ${name}`),
    );
    await expect(migrate('sideways')).rejects.toThrow('usage: migrate run|revert|show');
  }, 120_000);

  /** The lines that the built program prints. */
  async function migrate(command: string): Promise<string[]> {
    const { stdout } = await promisify(execFile)(process.execPath, ['dist/database/migrate.js', command], {
      cwd: ROOT,
      env: { DATABASE_URL: database.url },
    });
    return stdout.trim().split('\n');
  }
});
