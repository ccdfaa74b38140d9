import { Module } from '@nestjs/common';
import { AuditModule } from '../audit/audit.module.js';
import { AuthModule } from '../auth/auth.module.js';
import { OrdinarySignInModule } from '../auth/ordinary-sign-in.module.js';
import { SecretsModule } from '../secrets/secrets.module.js';
import { UserMergingModule } from '../users/user-merging.module.js';
import { UsersModule } from '../users/users.module.js';
import { WechatModule } from '../wechat/wechat.module.js';
import { AccountErasure } from './account-erasure.js';
import { AccountLock } from './account-lock.js';
import { MeController } from './me.controller.js';
import { PasswordChange } from './password/password-change.js';
import { PasswordController } from './password/password.controller.js';
import { PasswordProof } from './password/password-proof.js';
import { PhoneBinding } from './phone-binding.js';
import { Profiles } from './profiles.js';
import { WechatAccounts } from './wechat-accounts.js';
import { WechatData } from './wechat-data.js';
import { WechatDataController } from './wechat-data.controller.js';
import { WechatTraces } from './wechat-traces.js';
import { WechatWithdrawal } from './wechat-withdrawal.js';

/** What a signed-in person does with their account. */
@Module({
  imports: [AuditModule, AuthModule, OrdinarySignInModule, UsersModule, UserMergingModule, SecretsModule, WechatModule],
  controllers: [MeController, PasswordController, WechatDataController],
  providers: [
    Profiles,
    WechatAccounts,
    WechatData,
    PhoneBinding,
    PasswordProof,
    PasswordChange,
    AccountLock,
    AccountErasure,
    WechatTraces,
    WechatWithdrawal,
  ],
  exports: [Profiles, AccountLock, AccountErasure],
})
export class AccountModule {}
