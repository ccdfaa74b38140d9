import { NestFactory } from '@nestjs/core';
import type { INestApplicationContext } from '@nestjs/common';
import { ConfigModule } from '../../src/config/config.module.js';
import { loadSettings } from '../../src/config/load-settings.js';
import { SANDBOX_APPS } from '../../src/config/sandbox-apps.js';
import { DatabaseModule } from '../../src/database/database.module.js';
import { createLogger } from '../../src/logging/logger.js';
import { LoggingModule } from '../../src/logging/logging.module.js';
import { WechatModule } from '../../src/wechat/wechat.module.js';
import { TEST_MASTER_KEY } from './test-server.js';

/** What of the server speaks with WeChat, without the rest: one of several instances, or one that starts fast. */
export interface WechatInstance extends Pick<INestApplicationContext, 'get' | 'close'> {
  /** Every line it has logged. */
  readonly logs: readonly string[];
}

/** Starts one; it closes with its context. */
export async function startWechatInstance(environment: NodeJS.ProcessEnv): Promise<WechatInstance> {
  const logs: string[] = [];
  const logger = createLogger('trace', { write: (line: string) => void logs.push(line) });
  const settings = loadSettings(
    {
      NODE_ENV: 'test',
      MASTER_KEYS: `test:${TEST_MASTER_KEY}`,
      WECHAT_APPS: JSON.stringify(SANDBOX_APPS),
      ...environment,
    },
    { inMemory: true },
  );
  class WechatOnly {}
  const imports = [
    ConfigModule.forRoot(settings),
    LoggingModule.forRoot(logger),
    DatabaseModule.forRoot(settings.database),
    WechatModule,
  ];
  const context = await NestFactory.createApplicationContext({ module: WechatOnly, imports }, { logger: false });
  return Object.assign(context, { logs });
}
