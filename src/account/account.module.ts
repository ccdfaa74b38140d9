import { Module } from '@nestjs/common';
import { AuditModule } from '../audit/audit.module.js';
import { AuthModule } from '../auth/auth.module.js';
import { UsersModule } from '../users/users.module.js';
import { SecretsModule } from '../secrets/secrets.module.js';
import { WechatModule } from '../wechat/wechat.module.js';
import { AccountErasure } from './account-erasure.js';
import { AccountLock } from './account-lock.js';
import { MeController } from './me.controller.js';
import { Profiles } from './profiles.js';
import { WechatWithdrawal } from './wechat-withdrawal.js';

/** What a signed-in person does with their account. */
@Module({
  imports: [AuditModule, AuthModule, UsersModule, SecretsModule, WechatModule],
  controllers: [MeController],
  providers: [Profiles, AccountLock, AccountErasure, WechatWithdrawal],
  exports: [AccountLock, AccountErasure],
})
export class AccountModule {}
