import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import typescript from 'typescript';
import { ROOT } from './repository.js';

type Method = (this: object, ...given: unknown[]) => unknown;
type Definition = Record<string, unknown>;

/** A page as the framework makes it of what `Page` got. */
export interface MiniPage {
  readonly route: string;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- tests state what they expect of it
  readonly data: any;
  /**
   * Does what its template does with an event: `bindtap` of `<button bindtap="pay">` calls `pay`. Waits for its end.
   *
   * @param event with the `detail` of the event, or the `dataset` of its element
   */
  fire(handler: string, event?: PageEvent): Promise<void>;
}

interface PageEvent {
  readonly detail?: unknown;
  readonly dataset?: object;
}

/** What a phone gives to every module. */
export interface PhoneGlobals {
  readonly wx: object;
  readonly console: object;
}

// What a phone does not have.
const ABSENT = ['process', 'Buffer', 'fetch', 'URL', 'URLSearchParams', 'crypto', 'structuredClone', 'window'];

const HANDLER = /\s(?:bind|catch):?[a-z]+="(\w+)"/g;

/**
 * Runs a mini-program project from its own files, as WeChat does: `App`, `Page`, `require`, navigation.
 *
 * A project that WeChat's tools would not open is refused: a page without its files, a template that calls what is not there.
 * It runs in this process, and draws nothing.
 */
export class MiniProgram {
  /** What `App` got, with everything the project has put there. */
  app: Definition = {};
  /** The pages from the first to the one on the screen. */
  private pages: readonly MiniPage[] = [];
  private readonly loaded = new Map<string, { exports: unknown }>();
  private readonly definitions = new Map<string, Definition>();
  private readonly root: string;
  private readonly globals: PhoneGlobals;
  private defined: Definition = {};

  private constructor(
    private readonly folder: string,
    { wx, console }: PhoneGlobals,
    private readonly packages: Readonly<Record<string, unknown>>,
  ) {
    this.root = join(ROOT, folder);
    this.globals = { wx: { ...wx, ...this.navigation() }, console };
  }

  /**
   * Starts a project: the app and then its first page, or the one given.
   *
   * @param folder that holds `app.json`, from the root of the repository
   * @param packages of npm, by name
   */
  static async launch(
    folder: string,
    globals: PhoneGlobals,
    packages: Readonly<Record<string, unknown>>,
    route?: string,
  ): Promise<MiniProgram> {
    const program = new MiniProgram(folder, globals, packages);
    const { pages } = program.json('app.json') as { pages: string[] };
    program.load(program.resolve('app'));
    program.app = program.defined;
    // Nothing waits for anything: the first page comes while the app is still at it.
    await Promise.all([call(program.app, 'onLaunch'), program.navigate(route ?? pages[0]!)]);
    return program;
  }

  /** The modules of a project without starting it, for frameworks that have entry points of their own. */
  static modules(
    folder: string,
    globals: PhoneGlobals,
    packages: Readonly<Record<string, unknown>>,
  ): <Exports>(path: string) => Exports {
    const program = new MiniProgram(folder, globals, packages);
    return <Exports>(path: string) => program.load(program.resolve(path)) as Exports;
  }

  /** The page on the screen. */
  get page(): MiniPage {
    return this.pages.at(-1)!;
  }

  /** Opens a page, as a `<navigator>` does. */
  navigate(route: string): Promise<void> {
    return this.open(route, this.pages);
  }

  private navigation(): object {
    return {
      reLaunch: ({ url }: { url: string }) => this.open(url.slice(1), []),
      navigateBack: async () => {
        this.pages = this.pages.slice(0, -1);
        await call(this.page, 'onShow');
      },
    };
  }

  private async open(route: string, below: readonly MiniPage[]): Promise<void> {
    const page = this.make(route);
    this.pages = [...below, page];
    await Promise.all([call(page, 'onLoad'), call(page, 'onShow')]);
  }

  private make(route: string): MiniPage {
    const template = this.template(route);
    const { data = {}, ...methods } = this.definition(route);
    // Every page has data of its own.
    const page = { ...methods, route, data: structuredClone(data) as Definition };
    return Object.assign(page, {
      setData: (change: Definition) => void Object.assign(page.data, change),
      fire: async (handler: string, { detail = {}, dataset = {} }: PageEvent = {}) => {
        if (!handlersOf(template).includes(handler)) throw new Error(`${route}.wxml does not call ${handler}`);
        await call(page, handler, { detail, currentTarget: { dataset } });
      },
    });
  }

  private definition(route: string): Definition {
    const known = this.definitions.get(route);
    if (known) return known;
    this.load(this.resolve(route));
    this.definitions.set(route, this.defined);
    const missing = handlersOf(this.template(route)).filter((name) => typeof this.defined[name] !== 'function');
    if (missing.length > 0) throw new Error(`${route}.wxml calls what is not there: ${missing.join(', ')}`);
    return this.defined;
  }

  private template(route: string): string {
    const { pages } = this.json('app.json') as { pages: string[] };
    if (!pages.includes(route)) throw new Error(`${route} is not among the pages of app.json`);
    this.json(`${route}.json`);
    return readFileSync(join(this.root, `${route}.wxml`), 'utf8');
  }

  private json(path: string): unknown {
    return JSON.parse(readFileSync(join(this.root, path), 'utf8')) as unknown;
  }

  private load(file: string): unknown {
    const known = this.loaded.get(file);
    if (known) return known.exports;
    const module = { exports: {} };
    this.loaded.set(file, module);
    const scope: Definition = {
      ...Object.fromEntries(ABSENT.map((name) => [name, undefined])),
      module,
      exports: module.exports,
      require: (name: string) => this.require(name, dirname(file)),
      ...this.globals,
      App: (definition: Definition) => void (this.defined = definition),
      Page: (definition: Definition) => void (this.defined = definition),
    };
    // eslint-disable-next-line @typescript-eslint/no-implied-eval -- what a module is to its framework
    const run = new Function(...Object.keys(scope), `${scriptOf(file)}\n//# sourceURL=${file}`) as Method;
    run.call({}, ...Object.values(scope));
    return module.exports;
  }

  private require(name: string, from: string): unknown {
    if (name.startsWith('.')) return this.load(this.resolve(relative(this.root, join(from, name))));
    if (!(name in this.packages)) throw new Error(`${this.folder} has no package ${name}`);
    return this.packages[name];
  }

  private resolve(path: string): string {
    const found = ['', '.js', '.ts'].map((ending) => join(this.root, path + ending)).find((file) => isFile(file));
    if (!found) throw new Error(`${this.folder} has no ${path}`);
    return found;
  }
}

/** CommonJS of a file in any of the two languages. */
function scriptOf(file: string): string {
  const options = {
    module: typescript.ModuleKind.CommonJS,
    target: typescript.ScriptTarget.ES2022,
    esModuleInterop: true,
    allowJs: true,
  };
  return typescript.transpileModule(readFileSync(file, 'utf8'), { compilerOptions: options, fileName: file })
    .outputText;
}

const isFile = (path: string) => existsSync(path) && /\.(js|ts)$/.test(path);

function handlersOf(template: string): string[] {
  return [...template.matchAll(HANDLER)].map(([, name]) => name!);
}

async function call(on: object, name: string, event?: object): Promise<void> {
  const method = (on as Definition)[name] as Method | undefined;
  await method?.call(on, event);
}
