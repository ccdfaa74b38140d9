import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { MasterKeySettings } from '../config/settings.js';
import { Sealer } from '../crypto/sealer.js';
import { KeyedHash } from './keyed-hash.js';
import { SecretKey } from './secret-key.entity.js';
import { SecretKeysRepository } from './secret-keys.repository.js';

/** How secrets and personal values are kept: sealed by the master key, or hashed with a key of this installation. */
@Module({
  imports: [TypeOrmModule.forFeature([SecretKey])],
  providers: [
    {
      provide: Sealer,
      inject: [MasterKeySettings],
      useFactory: (settings: MasterKeySettings) => new Sealer(settings.masterKeys),
    },
    SecretKeysRepository,
    KeyedHash,
  ],
  exports: [Sealer, SecretKeysRepository, KeyedHash],
})
export class SecretsModule {}
