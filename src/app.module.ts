import { Module, type DynamicModule } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import type { Logger } from 'pino';
import { AccountMergingModule } from './account/merge/account-merging.module.js';
import { AccountModule } from './account/account.module.js';
import { AccessGuard } from './auth/access/access.guard.js';
import { AuditModule } from './audit/audit.module.js';
import { AuthModule } from './auth/auth.module.js';
import { OrdinarySignInModule } from './auth/ordinary-sign-in.module.js';
import { ConfigModule } from './config/config.module.js';
import type { Settings } from './config/settings.js';
import { DatabaseModule } from './database/database.module.js';
import { HealthModule } from './health/health.module.js';
import { LimitsModule } from './limits/limits.module.js';
import { LoggingModule } from './logging/logging.module.js';
import { SandboxModule } from './sandbox/sandbox.module.js';
import { UserMergingModule } from './users/user-merging.module.js';
import { UsersModule } from './users/users.module.js';
import { WechatPushModule } from './wechat/push/wechat-push.module.js';
import { WechatModule } from './wechat/wechat.module.js';

/** The whole server. A route that declares nothing needs an access token. */
@Module({})
export class AppModule {
  static forRoot(settings: Settings, logger: Logger): DynamicModule {
    const { apps } = settings.wechat;
    const { enabled, controlToken } = settings.sandbox;
    return {
      module: AppModule,
      imports: [
        ConfigModule.forRoot(settings),
        LoggingModule.forRoot(logger),
        DatabaseModule.forRoot(settings.database),
        AuditModule,
        LimitsModule,
        WechatModule,
        WechatPushModule,
        UsersModule,
        UserMergingModule,
        AuthModule,
        OrdinarySignInModule,
        AccountModule,
        AccountMergingModule,
        HealthModule,
        ...(enabled ? [SandboxModule.forRoot({ apps, controlToken })] : []),
      ],
      providers: [{ provide: APP_GUARD, useExisting: AccessGuard }],
    };
  }
}
