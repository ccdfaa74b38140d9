import { Controller, Get, Module, UseGuards, type DynamicModule } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { AppModule } from '../../src/app.module.js';
import { AccessGuard, CurrentUser, Roles, Strict } from '../../src/auth/access/access.guard.js';
import type { Principal } from '../../src/auth/access/principal.js';
import { AuthModule } from '../../src/auth/auth.module.js';
import { ConfigModule } from '../../src/config/config.module.js';
import { loadSettings } from '../../src/config/load-settings.js';
import { SANDBOX_APPS } from '../../src/config/sandbox-apps.js';
import type { Settings } from '../../src/config/settings.js';
import { createHttpApp } from '../../src/configure-app.js';
import { DatabaseModule } from '../../src/database/database.module.js';
import { Bearer } from '../../src/http/access.decorator.js';
import { createLogger } from '../../src/logging/logger.js';
import { LoggingModule } from '../../src/logging/logging.module.js';
import { startSandbox } from '../../src/sandbox/start-sandbox.js';
import { testServerOf } from './server-child.js';
import { createTestDatabase, onPostgres } from './test-database.js';
import { TEST_MASTER_KEY, type TestServer } from './test-server.js';

const caller = ({ userId }: Principal) => ({ userId });

/** Routes as people who use this server write them, guarded in every way there is. */
@Controller({ path: 'business', version: '1' })
class BusinessController {
  @Get('bearer')
  @Bearer()
  bearer(@CurrentUser() principal: Principal): object {
    return caller(principal);
  }

  @Get('strict')
  @Bearer()
  @Strict()
  strict(@CurrentUser() principal: Principal): object {
    return caller(principal);
  }

  @Get('undeclared')
  undeclared(@CurrentUser() principal: Principal): object {
    return caller(principal);
  }

  @Get('admin')
  @Bearer()
  @Roles('admin')
  admin(@CurrentUser() principal: Principal): object {
    return caller(principal);
  }

  @Get('own-guard')
  @UseGuards(AccessGuard)
  ownGuard(@CurrentUser() principal: Principal): object {
    return caller(principal);
  }
}

@Module({ imports: [AuthModule], controllers: [BusinessController] })
class BusinessModule {}

/** How the routes of a business get at the guard. */
export type Housing =
  /** In this server: its global guard stands before every route. */
  | 'in the server'
  /** In an application of their own that imports our modules: only `@UseGuards(AccessGuard)` guards. */
  | 'by themselves';

function rootModule(housing: Housing, settings: Settings): DynamicModule {
  const logger = createLogger('silent');
  const imports =
    housing === 'in the server'
      ? [AppModule.forRoot(settings, logger)]
      : [
          ConfigModule.forRoot(settings),
          LoggingModule.forRoot(logger),
          DatabaseModule.forRoot(settings.database),
          AuthModule,
        ];
  return { module: BusinessModule, imports };
}

/** A server with the routes of a business, and the pool of its database. One at a time: Passport's strategies are global. */
export async function startProbe(
  housing: Housing,
  environment: NodeJS.ProcessEnv = {},
): Promise<{ server: TestServer; dataSource: DataSource }> {
  const database = onPostgres ? await createTestDatabase() : null;
  const wechat = await startSandbox({ apps: SANDBOX_APPS, logger: createLogger('silent') });
  const settings = loadSettings(
    {
      NODE_ENV: 'test',
      PUBLIC_URL: 'http://passport.test',
      MASTER_KEYS: `test:${TEST_MASTER_KEY}`,
      WECHAT_APPS: JSON.stringify(SANDBOX_APPS),
      WECHAT_API_BASE_URL: wechat.url,
      RATE_LIMIT: 'off',
      ...(database ? { DATABASE_URL: database.url } : {}),
      ...environment,
    },
    { inMemory: true },
  );
  const app = await createHttpApp(rootModule(housing, settings), {
    logger: createLogger('silent'),
    trustProxyHops: 0,
    accessCookie: settings.tokens.carriers.includes('cookie'),
  });
  await app.listen(0, '127.0.0.1');
  const dataSource = app.get(DataSource);
  const closeAll = async () => {
    await app.close();
    await wechat.close();
    await database?.drop();
  };
  return {
    server: testServerOf({ url: await app.getUrl(), wechat: wechat.sandbox, dataSource, closeAll }),
    dataSource,
  };
}
