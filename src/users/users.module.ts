import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { AuditModule } from '../audit/audit.module.js';
import { SecretsModule } from '../secrets/secrets.module.js';
import { CredentialsRepository } from './credentials.repository.js';
import { IdentitiesRepository } from './identities.repository.js';
import { Erasure } from './erasure.entity.js';
import { Identity } from './identity.entity.js';
import { IdentityLinking } from './identity-linking.js';
import { IdentityWithdrawalRepository } from './identity-withdrawal.repository.js';
import { UserErasureRepository } from './user-erasure.repository.js';
import { User } from './user.entity.js';
import { UserStatusRepository } from './user-status.repository.js';
import { NumberHoldersRepository } from './number-holders.repository.js';
import { PhoneLinking } from './phone-linking.js';
import { Consent } from './consent.entity.js';
import { PhoneHolders } from './phone-holders.js';
import { WechatIdentities } from './wechat-identities.js';
import { PhoneRepository } from './phone.repository.js';
import { ProfileRepository } from './profile.repository.js';
import { IdentityUnlinkingRepository } from './identity-unlinking.repository.js';
import { PhoneVault } from './phone-vault.js';
import { UserProfiles } from './user-profiles.js';
import { UsersRepository } from './users.repository.js';

/** Who a person is: users and the identities that lead to them. */
@Module({
  imports: [AuditModule, SecretsModule, TypeOrmModule.forFeature([User, Identity, Erasure, Consent])],
  providers: [
    CredentialsRepository,
    IdentitiesRepository,
    IdentityLinking,
    PhoneVault,
    PhoneRepository,
    NumberHoldersRepository,
    PhoneLinking,
    PhoneHolders,
    WechatIdentities,
    UserProfiles,
    ProfileRepository,
    IdentityUnlinkingRepository,
    UsersRepository,
    UserStatusRepository,
    UserErasureRepository,
    IdentityWithdrawalRepository,
  ],
  exports: [
    CredentialsRepository,
    IdentitiesRepository,
    IdentityLinking,
    PhoneLinking,
    PhoneVault,
    PhoneRepository,
    PhoneHolders,
    WechatIdentities,
    UserProfiles,
    ProfileRepository,
    IdentityUnlinkingRepository,
    UsersRepository,
    UserStatusRepository,
    UserErasureRepository,
    IdentityWithdrawalRepository,
  ],
})
export class UsersModule {}
