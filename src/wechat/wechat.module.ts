import { Module } from '@nestjs/common';
import { HttpService } from '@nestjs/axios';
import { TypeOrmModule } from '@nestjs/typeorm';
import { WechatSettings } from '../config/settings.js';
import { Sealer } from '../crypto/sealer.js';
import { Database } from '../database/database.js';
import { RedisConnection } from '../database/redis-connection.js';
import { SecretsModule } from '../secrets/secrets.module.js';
import { RedisAccessTokens } from './access-tokens.redis.js';
import { AccessTokensRepository } from './access-tokens.repository.js';
import { AccessTokens } from './access-tokens.js';
import { ApiSecurity } from './api-security/api-security.js';
import { AppGates } from './app-gates.js';
import { AuthorizedCalls } from './authorized-calls.js';
import { Code2Session } from './code2session.js';
import { ComponentLogin } from './component/component-login.js';
import { ComponentTokenHttp } from './component/component-token-http.js';
import { pooledHttp } from './pooled-http.js';
import { SessionKeysRepository } from './session-keys.repository.js';
import { SharedAccessTokens } from './shared-access-tokens.js';
import { StableTokens } from './stable-tokens.js';
import { SessionKeys } from './session-keys.js';
import { UserData } from './user-data.js';
import { UserDataReadingsRepository } from './user-data-readings.repository.js';
import { WechatPhones } from './wechat-phones.js';
import { UserDataReading } from './user-data-reading.entity.js';
import { WechatAccessToken } from './wechat-access-token.entity.js';
import { WechatApi } from './wechat-api.js';
import { WechatApps } from './wechat-apps.js';
import { WechatHttp } from './wechat-http.js';
import { WechatLogin } from './wechat-login.js';
import { WechatSession } from './wechat-session.entity.js';

// WeChat's answers are a few hundred bytes.
const ANSWER_LIMIT_BYTES = 64 * 1024;
// Two connections and an answer fit into the time of a call.
const CONNECT_SHARE = 1 / 3;

/** What WeChat says. Knows nothing of our users. */
@Module({
  imports: [SecretsModule, TypeOrmModule.forFeature([WechatSession, UserDataReading, WechatAccessToken])],
  providers: [
    {
      provide: HttpService,
      inject: [WechatSettings],
      useFactory: ({ timeoutMs }: WechatSettings) =>
        pooledHttp({ connectTimeoutMs: timeoutMs * CONNECT_SHARE, answerBytes: ANSWER_LIMIT_BYTES }),
    },
    AppGates,
    ApiSecurity,
    WechatApps,
    WechatHttp,
    ComponentTokenHttp,
    ComponentLogin,
    Code2Session,
    SessionKeysRepository,
    UserDataReadingsRepository,
    SessionKeys,
    UserData,
    WechatPhones,
    WechatLogin,
    StableTokens,
    {
      provide: SharedAccessTokens,
      inject: [RedisConnection, Database, Sealer],
      useFactory: (redis: RedisConnection, database: Database, sealer: Sealer) =>
        redis.isConfigured ? new RedisAccessTokens(redis, sealer) : new AccessTokensRepository(database, sealer),
    },
    AccessTokens,
    AuthorizedCalls,
    WechatApi,
  ],
  exports: [WechatApi, WechatApps, WechatLogin, SessionKeys, SessionKeysRepository, UserData, WechatPhones],
})
export class WechatModule {}
