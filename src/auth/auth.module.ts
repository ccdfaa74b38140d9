import { Module } from '@nestjs/common';
import { JwtModule } from '@nestjs/jwt';
import { PassportModule } from '@nestjs/passport';
import { TypeOrmModule } from '@nestjs/typeorm';
import { MasterKeySettings } from '../config/settings.js';
import { Sealer } from '../crypto/sealer.js';
import { UsersModule } from '../users/users.module.js';
import { WechatModule } from '../wechat/wechat.module.js';
import { AccessGuard } from './access/access.guard.js';
import { JwtStrategy } from './access/jwt.strategy.js';
import { VerifiedTokens } from './access/verified-tokens.js';
import { Session } from './sessions/session.entity.js';
import { SessionsController } from './sessions/sessions.controller.js';
import { Sessions } from './sessions/sessions.js';
import { SessionsRepository } from './sessions/sessions.repository.js';
import { WechatCodeStrategy } from './sign-in/wechat-code.strategy.js';
import { WechatSignIn } from './sign-in/wechat-sign-in.js';
import { WechatSignInController } from './sign-in/wechat-sign-in.controller.js';
import { AccessTokens } from './tokens/access-tokens.js';
import { JwksController } from './tokens/jwks.controller.js';
import { KeyRing } from './tokens/key-ring.js';
import { KeysRepository } from './tokens/keys.repository.js';
import { RefreshTokens } from './tokens/refresh-tokens.js';
import { SecretKey } from './tokens/secret-key.entity.js';
import { SigningKey } from './tokens/signing-key.entity.js';

/** Who is calling: sign-in, sessions, tokens and the guards of routes. */
@Module({
  imports: [
    PassportModule,
    JwtModule.register({}),
    TypeOrmModule.forFeature([Session, SigningKey, SecretKey]),
    UsersModule,
    WechatModule,
  ],
  controllers: [WechatSignInController, SessionsController, JwksController],
  providers: [
    {
      provide: Sealer,
      inject: [MasterKeySettings],
      useFactory: (settings: MasterKeySettings) => new Sealer(settings.masterKeys),
    },
    KeysRepository,
    KeyRing,
    AccessTokens,
    RefreshTokens,
    SessionsRepository,
    Sessions,
    VerifiedTokens,
    JwtStrategy,
    AccessGuard,
    WechatCodeStrategy,
    WechatSignIn,
  ],
  exports: [AccessGuard, VerifiedTokens, KeyRing, Sessions],
})
export class AuthModule {}
