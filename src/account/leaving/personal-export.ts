import { Injectable } from '@nestjs/common';
import { Audit } from '../../audit/audit.js';
import { SELF } from '../../audit/audit-event.js';
import { AuditTrail } from '../../audit/audit-trail.js';
import type { Principal } from '../../auth/access/principal.js';
import { AppError } from '../../errors/app-error.js';
import { PhoneVault } from '../../users/phone-vault.js';
import type { AccountExportDto, ExportedEventDto } from './account-export.dto.js';
import { PersonalRecordsRepository, type PersonRecord } from './personal-records.repository.js';

/** Tells people what is kept of them (PIPL article 45). */
@Injectable()
export class PersonalExport {
  constructor(
    private readonly records: PersonalRecordsRepository,
    private readonly phones: PhoneVault,
    private readonly trail: AuditTrail,
    private readonly audit: Audit,
  ) {}

  /**
   * Everything kept of the caller but secrets and WeChat's names for them: an openid in a client's hands would only be
   * sent back as a proof. That they asked is recorded first, so the record is part of the answer.
   *
   * @throws AppError SESSION_EXPIRED - the person is not active any more
   */
  async of({ userId, sessionId, appId }: Principal, traceId: string | null): Promise<AccountExportDto> {
    const person = await this.records.person(userId);
    if (!person) throw new AppError('SESSION_EXPIRED', { context: { userId } });
    await this.audit.record({ event: 'user_exported', actor: SELF, userId, sessionId, appId, traceId });
    return {
      exportedAt: new Date().toISOString(),
      user: this.describe(person),
      identities: await this.records.identities(userId),
      sessions: await this.records.sessions(userId),
      consents: await this.records.consents(userId),
      auditEvents: await this.eventsOf(userId),
    };
  }

  private describe({ phoneSealed, ...person }: PersonRecord): AccountExportDto['user'] {
    return { ...person, phone: phoneSealed && this.phones.open(person.id, phoneSealed).e164 };
  }

  private async eventsOf(userId: string): Promise<ExportedEventDto[]> {
    const events: ExportedEventDto[] = [];
    for await (const { actor, at, event, sessionId, appId, reason, fields } of this.trail.read({
      since: null,
      userId,
    })) {
      // Who of the operators it was is not the person's to know.
      events.push({ at, event, by: actor.kind, sessionId, appId, reason, fields: [...fields] });
    }
    return events;
  }
}
