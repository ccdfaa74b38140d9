import { Module } from '@nestjs/common';
import { JwtModule } from '@nestjs/jwt';
import { PassportModule } from '@nestjs/passport';
import { TypeOrmModule } from '@nestjs/typeorm';
import { AuditModule } from '../audit/audit.module.js';
import { LimitsModule } from '../limits/limits.module.js';
import { SecretsModule } from '../secrets/secrets.module.js';
import { UserMergingModule } from '../users/user-merging.module.js';
import { UsersModule } from '../users/users.module.js';
import { WechatModule } from '../wechat/wechat.module.js';
import { AccessGuard } from './access/access.guard.js';
import { JwtStrategy } from './access/jwt.strategy.js';
import { TokenCarriers } from './access/token-carriers.js';
import { VerifiedTokens } from './access/verified-tokens.js';
import { SessionLiveness } from './access/session-liveness.js';
import { ClientGuard } from './oauth/client.guard.js';
import { MetadataController } from './oauth/metadata.controller.js';
import { OAuthController } from './oauth/oauth.controller.js';
import { TokenIntrospection } from './oauth/token-introspection.js';
import { Revocation } from './revocation/revocation.entity.js';
import { RevocationFeed } from './revocation/revocation-feed.js';
import { RevocationsRepository } from './revocation/revocations.repository.js';
import { RevokedSessions } from './revocation/revoked-sessions.js';
import { RefreshRepository } from './sessions/refresh.repository.js';
import { SessionCleaning } from './sessions/session-cleaning.js';
import { SessionEnding } from './sessions/session-ending.js';
import { SessionHandoverRepository } from './sessions/session-handover.repository.js';
import { SessionHandover } from './sessions/session-handover.js';
import { SessionRefresh } from './sessions/session-refresh.js';
import { SessionWithdrawal } from './sessions/session-withdrawal.js';
import { SessionWithdrawalRepository } from './sessions/session-withdrawal.repository.js';
import { SessionTokens } from './sessions/session-tokens.js';
import { SignOut } from './sessions/sign-out.js';
import { KeyRotation } from './tokens/key-rotation.js';
import { Session } from './sessions/session.entity.js';
import { SessionsController } from './sessions/sessions.controller.js';
import { Sessions } from './sessions/sessions.js';
import { SessionEndsRepository } from './sessions/session-ends.repository.js';
import { KnownSignInsRepository } from './sessions/known-sign-ins.repository.js';
import { SessionsRepository } from './sessions/sessions.repository.js';
import { SignInGate } from './sign-in/sign-in-gate.js';
import { SignInLimits } from './sign-in/sign-in-limits.js';
import { SignInRefusals } from './sign-in/sign-in-refusals.js';
import { PhoneRegistration } from './sign-in/phone-registration.js';
import { PhoneSignUp } from './sign-in/phone-sign-up.js';
import { RegistrationPolicy } from './sign-in/registration-policy.js';
import { RegistrationTicket } from './sign-in/registration-ticket.entity.js';
import { RegistrationTickets } from './sign-in/registration-tickets.js';
import { RegistrationTicketsRepository } from './sign-in/registration-tickets.repository.js';
import { RiskGate } from './sign-in/risk-gate.js';
import { ProvedPhones } from './proof/proved-phones.js';
import { WechatCodeStrategy } from './sign-in/wechat-code.strategy.js';
import { WechatLinking } from './sign-in/wechat-linking.js';
import { WechatSessionOpening } from './sign-in/wechat-session-opening.js';
import { WechatSignIn } from './sign-in/wechat-sign-in.js';
import { WechatSignInController } from './sign-in/wechat-sign-in.controller.js';
import { AccessTokens } from './tokens/access-tokens.js';
import { JwksController } from './tokens/jwks.controller.js';
import { KeyRing } from './tokens/key-ring.js';
import { RefreshKeysRepository } from './tokens/refresh-keys.repository.js';
import { RefreshTokens } from './tokens/refresh-tokens.js';
import { SigningKey } from './tokens/signing-key.entity.js';
import { SigningKeysRepository } from './tokens/signing-keys.repository.js';

/** Who is calling: sign-in, sessions, tokens and the guards of routes. */
@Module({
  imports: [
    PassportModule,
    JwtModule.register({}),
    TypeOrmModule.forFeature([Session, SigningKey, Revocation, RegistrationTicket]),
    AuditModule,
    LimitsModule,
    SecretsModule,
    UsersModule,
    UserMergingModule,
    WechatModule,
  ],
  controllers: [WechatSignInController, SessionsController, OAuthController, JwksController, MetadataController],
  providers: [
    RevocationsRepository,
    RevokedSessions,
    RevocationFeed,
    SigningKeysRepository,
    RefreshKeysRepository,
    KeyRing,
    KeyRotation,
    AccessTokens,
    RefreshTokens,
    SessionsRepository,
    KnownSignInsRepository,
    SessionEndsRepository,
    RefreshRepository,
    SessionTokens,
    SessionEnding,
    SessionWithdrawalRepository,
    SessionWithdrawal,
    SessionRefresh,
    Sessions,
    SignOut,
    SessionHandoverRepository,
    SessionHandover,
    SessionCleaning,
    SessionLiveness,
    TokenCarriers,
    VerifiedTokens,
    JwtStrategy,
    AccessGuard,
    ClientGuard,
    TokenIntrospection,
    SignInLimits,
    SignInRefusals,
    SignInGate,
    WechatCodeStrategy,
    RiskGate,
    RegistrationPolicy,
    RegistrationTicketsRepository,
    RegistrationTickets,
    ProvedPhones,
    PhoneRegistration,
    PhoneSignUp,
    WechatSessionOpening,
    WechatLinking,
    WechatSignIn,
  ],
  exports: [
    AccessGuard,
    TokenCarriers,
    VerifiedTokens,
    SessionLiveness,
    KeyRing,
    KeyRotation,
    RevocationFeed,
    SessionEnding,
    SessionWithdrawal,
    SessionHandover,
    SignInGate,
    Sessions,
    SessionsRepository,
    ProvedPhones,
    RegistrationPolicy,
    RegistrationTicketsRepository,
    WechatLinking,
  ],
})
export class AuthModule {}
