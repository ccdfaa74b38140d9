import { Module } from '@nestjs/common';
import { AuditModule } from '../audit/audit.module.js';
import { AuthModule } from '../auth/auth.module.js';
import { UsersModule } from '../users/users.module.js';
import { AccountLock } from './account-lock.js';
import { MeController } from './me.controller.js';
import { Profiles } from './profiles.js';

/** What a signed-in person does with their account. */
@Module({
  imports: [AuditModule, AuthModule, UsersModule],
  controllers: [MeController],
  providers: [Profiles, AccountLock],
  exports: [AccountLock],
})
export class AccountModule {}
