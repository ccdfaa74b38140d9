import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { AuditModule } from '../audit/audit.module.js';
import { AuthModule } from '../auth/auth.module.js';
import { OrdinarySignInModule } from '../auth/ordinary-sign-in.module.js';
import { SecretsModule } from '../secrets/secrets.module.js';
import { UserMergingModule } from '../users/user-merging.module.js';
import { UsersModule } from '../users/users.module.js';
import { WechatModule } from '../wechat/wechat.module.js';
import { AccountErasure } from './account-erasure.js';
import { AccountLock } from './account-lock.js';
import { AVATAR_STORE } from './avatar/avatar-store.js';
import { AvatarController } from './avatar/avatar.controller.js';
import { Avatar } from './avatar/avatar.entity.js';
import { AvatarUpload } from './avatar/avatar-upload.js';
import { AvatarsRepository } from './avatar/avatars.repository.js';
import { IdentitiesController } from './identities/identities.controller.js';
import { IdentityRemoval } from './identities/identity-removal.js';
import { IdentityUnlinking } from './identities/identity-unlinking.js';
import { OpenidRemoval } from './identities/openid-removal.js';
import { LeavingController } from './leaving/leaving.controller.js';
import { OwnErasure } from './leaving/own-erasure.js';
import { PersonalExport } from './leaving/personal-export.js';
import { PersonalRecordsRepository } from './leaving/personal-records.repository.js';
import { MeController } from './me.controller.js';
import { PasswordChange } from './password/password-change.js';
import { PasswordController } from './password/password.controller.js';
import { PasswordProof } from './password/password-proof.js';
import { PersonalTraces } from './personal-traces.js';
import { PhoneBinding } from './phone-binding.js';
import { NicknameCheck } from './profile/nickname-check.js';
import { ProfileChange } from './profile/profile-change.js';
import { Profiles } from './profiles.js';
import { WechatAccounts } from './wechat-accounts.js';
import { WechatData } from './wechat-data.js';
import { WechatDataController } from './wechat-data.controller.js';
import { WechatWithdrawal } from './wechat-withdrawal.js';

/** What a signed-in person does with their account. */
@Module({
  imports: [
    TypeOrmModule.forFeature([Avatar]),
    AuditModule,
    AuthModule,
    OrdinarySignInModule,
    UsersModule,
    UserMergingModule,
    SecretsModule,
    WechatModule,
  ],
  controllers: [
    MeController,
    PasswordController,
    WechatDataController,
    AvatarController,
    IdentitiesController,
    LeavingController,
  ],
  providers: [
    Profiles,
    WechatAccounts,
    WechatData,
    PhoneBinding,
    PasswordProof,
    PasswordChange,
    AccountLock,
    AccountErasure,
    PersonalTraces,
    AvatarsRepository,
    { provide: AVATAR_STORE, useExisting: AvatarsRepository },
    AvatarUpload,
    NicknameCheck,
    ProfileChange,
    OpenidRemoval,
    IdentityRemoval,
    IdentityUnlinking,
    OwnErasure,
    PersonalRecordsRepository,
    PersonalExport,
    WechatWithdrawal,
  ],
  exports: [Profiles, AccountLock, AccountErasure],
})
export class AccountModule {}
