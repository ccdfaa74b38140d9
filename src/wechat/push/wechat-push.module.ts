import { Module } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { TypeOrmModule } from '@nestjs/typeorm';
import { AuditModule } from '../../audit/audit.module.js';
import { SecretsModule } from '../../secrets/secrets.module.js';
import { PushApps } from './push-apps.js';
import { PushCleaning } from './push-cleaning.js';
import { PushController } from './push.controller.js';
import { PushEventRow } from './push-event.entity.js';
import { PushEventsRepository } from './push-events.repository.js';
import { PushInbox } from './push-inbox.js';
import { PushSubscribers } from './push-subscribers.js';

/** What WeChat pushes: verified, remembered, and handed to whoever subscribed. */
@Module({
  imports: [DiscoveryModule, SecretsModule, AuditModule, TypeOrmModule.forFeature([PushEventRow])],
  controllers: [PushController],
  providers: [PushApps, PushEventsRepository, PushSubscribers, PushInbox, PushCleaning],
})
export class WechatPushModule {}
