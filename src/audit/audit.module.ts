import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { AuditCleaning } from './audit-cleaning.js';
import { AuditEvent } from './audit-event.entity.js';
import { AuditEventsRepository } from './audit-events.repository.js';
import { AuditQueue } from './audit-queue.js';
import { AuditTrail } from './audit-trail.js';
import { Audit } from './audit.js';

/** The log of what happened to accounts, sessions and keys. */
@Module({
  imports: [TypeOrmModule.forFeature([AuditEvent])],
  providers: [AuditEventsRepository, AuditQueue, Audit, AuditTrail, AuditCleaning],
  exports: [Audit, AuditTrail, AuditCleaning],
})
export class AuditModule {}
