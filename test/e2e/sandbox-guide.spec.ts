import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { SANDBOX_APPS } from '../../src/config/sandbox-apps.js';
import { createHttpApp } from '../../src/configure-app.js';
import { createLogger } from '../../src/logging/logger.js';
import { SandboxModule } from '../../src/sandbox/sandbox.module.js';
import { startSandbox } from '../../src/sandbox/start-sandbox.js';
import { read } from '../support/repository.js';
import { declaredRoutes, nameOf } from '../support/routes.js';

const ADDRESS = 'http://127.0.0.1:3100';
const GUIDES = ['docs/guides/sandbox.md', 'docs/guides/sandbox.zh-CN.md'];
const START = 'npm run sandbox\n';

/** The commands of a guide, as somebody pastes them, and what it says they answer. `…` stands for anything. */
function scriptOf(guide: string): { commands: string; answers: string[] } {
  const blocks = [...read(guide).matchAll(/^```sh\n(.*?)^```$/gms)].map(([, block]) => block!);
  const lines = blocks.filter((block) => block !== START).flatMap((block) => block.split('\n'));
  const isAnswer = (line: string) => line.startsWith('# => ');
  return {
    commands: lines.filter((line) => !isAnswer(line)).join('\n'),
    answers: lines.filter(isAnswer).map((line) => line.slice('# => '.length)),
  };
}

function matching(answer: string): RegExp {
  const parts = answer.split('…').map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('.+')}$`);
}

describe('the guide to the sandbox', () => {
  it('answers every command the way it says', async () => {
    const { commands, answers } = scriptOf(GUIDES[0]!);
    expect(commands).toContain(ADDRESS);
    expect(answers.length).toBeGreaterThan(15);
    const running = await startSandbox({ apps: SANDBOX_APPS, logger: createLogger('silent') });
    try {
      const script = commands.replaceAll(ADDRESS, running.url);
      const { stdout } = await promisify(execFile)('bash', ['-euo', 'pipefail', '-c', script], { timeout: 60_000 });
      const lines = stdout.split('\n').filter((line) => line !== '');
      expect(lines).toEqual(answers.map((answer) => expect.stringMatching(matching(answer))));
    } finally {
      await running.close();
    }
  });

  it('has the same commands in both languages', () => {
    const [english, chinese] = GUIDES.map(scriptOf);
    expect(chinese).toEqual(english);
  });

  it.each(GUIDES)('lists all routes that there are, and no other: %s', async (guide) => {
    const module = SandboxModule.forRoot({ apps: SANDBOX_APPS, controlToken: null });
    const app = await createHttpApp(module, { logger: createLogger('silent'), trustProxyHops: 0 });
    await app.init();
    const declared = declaredRoutes(app).map(nameOf);
    await app.close();
    expect(listedRoutes(read(guide))).toEqual(declared.toSorted());
  });
});

/** The routes in the first column of the tables: methods, then paths that all of them apply to. */
function listedRoutes(text: string): string[] {
  const cells = text.match(/^\| `(GET|POST|DELETE)[^|]*/gm)!.filter((cell) => !cell.includes('{'));
  const routes = cells.flatMap((cell) => {
    const methods = cell.match(/\b(GET|POST|DELETE)\b/g)!;
    return cell.match(/\/[\w/:-]+/g)!.flatMap((path) => methods.map((method) => `${method} ${path}`));
  });
  return routes.toSorted();
}
