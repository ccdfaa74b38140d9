import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { AuditModule } from '../audit/audit.module.js';
import { ServerSettings, SmsSettings } from '../config/settings.js';
import { LOGGER } from '../logging/logging.module.js';
import { SecretsModule } from '../secrets/secrets.module.js';
import { UsersModule } from '../users/users.module.js';
import { WechatModule } from '../wechat/wechat.module.js';
import { AuthModule } from './auth.module.js';
import { Attempts } from './credentials/attempts.js';
import { AttemptsRepository } from './credentials/attempts.repository.js';
import { CredentialCleaning } from './credentials/credential-cleaning.js';
import { FailedAttempt } from './credentials/failed-attempt.entity.js';
import { PasswordCheck } from './credentials/password-check.js';
import { PasswordHashing } from './credentials/password-hashing.js';
import { FreshProof } from './proof/fresh-proof.js';
import { RecentSignInsRepository } from './proof/recent-sign-ins.repository.js';
import { WechatProof } from './proof/wechat-proof.js';
import { OrdinarySignIn } from './sign-in/ordinary-sign-in.js';
import { PasswordSignInController } from './sign-in/password-sign-in.controller.js';
import { PasswordSignIn } from './sign-in/password-sign-in.js';
import { SignInLimits } from './sign-in/sign-in-limits.js';
import { SignInRefusals } from './sign-in/sign-in-refusals.js';
import { openSmsProvider } from './sms/open-sms-provider.js';
import { OneTimeCodes } from './sms/one-time-codes.js';
import { TicketLinking } from './sign-in/ticket-linking.js';
import { WechatLinking } from './sign-in/wechat-linking.js';
import { OtpChallenge } from './sms/otp-challenge.entity.js';
import { OtpChallengesRepository } from './sms/otp-challenges.repository.js';
import { SmsController } from './sms/sms.controller.js';
import { SmsDelivery } from './sms/sms-delivery.js';
import { SMS_PROVIDER } from './sms/sms-provider.js';
import { SmsSignIn } from './sms/sms-sign-in.js';

/** Sign-in without WeChat, by password and by one-time code, and the fresh proofs that rest on the same means. */
@Module({
  imports: [
    TypeOrmModule.forFeature([FailedAttempt, OtpChallenge]),
    AuditModule,
    SecretsModule,
    UsersModule,
    WechatModule,
    AuthModule,
  ],
  controllers: [PasswordSignInController, SmsController],
  providers: [
    AttemptsRepository,
    Attempts,
    PasswordHashing,
    PasswordCheck,
    OtpChallengesRepository,
    CredentialCleaning,
    RecentSignInsRepository,
    WechatProof,
    FreshProof,
    SignInRefusals,
    SignInLimits,
    { provide: TicketLinking, useExisting: WechatLinking },
    OrdinarySignIn,
    PasswordSignIn,
    { provide: SMS_PROVIDER, useFactory: openSmsProvider, inject: [SmsSettings, ServerSettings, LOGGER] },
    SmsDelivery,
    OneTimeCodes,
    SmsSignIn,
  ],
  exports: [FreshProof, PasswordHashing, RecentSignInsRepository],
})
export class OrdinarySignInModule {}
