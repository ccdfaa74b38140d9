import { SANDBOX_APPS } from '../../src/config/sandbox-apps.js';
import { createLogger } from '../../src/logging/logger.js';
import type { Sandbox } from '../../src/sandbox/sandbox.js';
import { startSandbox, type RunningSandbox } from '../../src/sandbox/start-sandbox.js';
import { createTestDatabase, postgresIsThere, type TestDatabase } from './test-database.js';
import { startWechatInstance, type WechatInstance } from './wechat-instance.js';

/** One WeChat, and the instances that speak with it. */
export class WechatWorld {
  private sandbox: RunningSandbox | null = null;
  private database: TestDatabase | null = null;
  private instances: WechatInstance[] = [];

  constructor(private readonly timeoutMs: number) {}

  async open(): Promise<void> {
    if (postgresIsThere) this.database = await createTestDatabase();
  }

  /** Starts a fresh WeChat, so that no budget and no token is left. */
  async reset(): Promise<void> {
    await this.closeInstances();
    await this.database?.query('delete from wechat_access_tokens');
    await this.sandbox?.close();
    this.sandbox = await startSandbox({ apps: SANDBOX_APPS, logger: createLogger('silent') });
  }

  async startInstance(environment: NodeJS.ProcessEnv = {}): Promise<WechatInstance> {
    const instance = await startWechatInstance({
      WECHAT_API_BASE_URL: this.sandbox!.url,
      WECHAT_TIMEOUT_MS: String(this.timeoutMs),
      ...(this.database ? { DATABASE_URL: this.database.url } : {}),
      ...environment,
    });
    this.instances.push(instance);
    return instance;
  }

  get wechat(): Sandbox {
    return this.sandbox!.sandbox;
  }

  /** How often each call arrived. */
  calls(): Record<string, number> {
    const counts: Record<string, number> = {};
    for (const { api } of this.wechat.calls()) counts[api] = (counts[api] ?? 0) + 1;
    return counts;
  }

  async close(): Promise<void> {
    await this.closeInstances();
    await this.sandbox?.close();
    await this.database?.drop();
  }

  private async closeInstances(): Promise<void> {
    await Promise.all(this.instances.map((instance) => instance.close()));
    this.instances = [];
  }
}
