import { Module } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { AuditModule } from '../../audit/audit.module.js';
import { AuthModule } from '../../auth/auth.module.js';
import { OrdinarySignInModule } from '../../auth/ordinary-sign-in.module.js';
import { UserMergingModule } from '../../users/user-merging.module.js';
import { UsersModule } from '../../users/users.module.js';
import { AccountModule } from '../account.module.js';
import { ClientProfiles } from '../client/client-profiles.js';
import { ClientUsersController } from '../client/client-users.controller.js';
import { ClientUsersRepository } from '../client/client-users.repository.js';
import { AccountMerging } from './account-merging.js';
import { AccountUnmerging } from './account-unmerging.js';
import { MergeCommit } from './merge-commit.js';
import { MergeController } from './merge.controller.js';
import { MergeSubscribers } from './merge-subscribers.js';
import { PhoneClaim } from './phone-claim.js';

/** How two accounts become one, how that is undone, and how back ends follow. */
@Module({
  imports: [
    DiscoveryModule,
    AuditModule,
    AuthModule,
    OrdinarySignInModule,
    UsersModule,
    UserMergingModule,
    AccountModule,
  ],
  controllers: [MergeController, ClientUsersController],
  providers: [
    MergeSubscribers,
    MergeCommit,
    AccountMerging,
    AccountUnmerging,
    PhoneClaim,
    ClientUsersRepository,
    ClientProfiles,
  ],
})
export class AccountMergingModule {}
