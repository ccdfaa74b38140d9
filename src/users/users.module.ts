import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { IdentitiesRepository } from './identities.repository.js';
import { Identity } from './identity.entity.js';
import { IdentityLinking } from './identity-linking.js';
import { User } from './user.entity.js';
import { UserStatusRepository } from './user-status.repository.js';
import { UsersRepository } from './users.repository.js';

/** Who a person is: users and the identities that lead to them. */
@Module({
  imports: [TypeOrmModule.forFeature([User, Identity])],
  providers: [IdentitiesRepository, IdentityLinking, UsersRepository, UserStatusRepository],
  exports: [IdentityLinking, UsersRepository, UserStatusRepository],
})
export class UsersModule {}
