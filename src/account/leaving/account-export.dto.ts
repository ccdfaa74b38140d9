import { ApiProperty } from '@nestjs/swagger';
import type { ActorKind, AuditEventName, PersonalField } from '../../audit/audit-event.js';
import type { RevokeReason } from '../../auth/revocation/revoke-reason.js';
import type { AuthenticationMethod } from '../../auth/sessions/session.entity.js';
import type { IdentityKind } from '../../users/identity.entity.js';
import type { ConsentRecord, IdentityRecord, PersonRecord, SessionRecord } from './personal-records.repository.js';

const TEXT_OR_NULL = { type: String, nullable: true } as const;
const TIME = { type: String, format: 'date-time' } as const;

export class ExportedUserDto implements Omit<PersonRecord, 'phoneSealed'> {
  @ApiProperty({ format: 'uuid' })
  readonly id!: string;

  @ApiProperty(TEXT_OR_NULL)
  readonly nickname!: string | null;

  @ApiProperty(TEXT_OR_NULL)
  readonly avatarUrl!: string | null;

  @ApiProperty({ ...TEXT_OR_NULL, description: 'The whole number, E.164' })
  readonly phone!: string | null;

  @ApiProperty({ ...TIME, nullable: true })
  readonly phoneProvedAt!: Date | null;

  @ApiProperty()
  readonly hasPassword!: boolean;

  @ApiProperty({ type: [String] })
  readonly roles!: readonly string[];

  @ApiProperty(TIME)
  readonly createdAt!: Date;

  @ApiProperty(TIME)
  readonly updatedAt!: Date;
}

export class ExportedIdentityDto implements IdentityRecord {
  @ApiProperty({ format: 'uuid' })
  readonly id!: string;

  @ApiProperty({ enum: ['wechat_openid', 'wechat_unionid', 'phone', 'username'] })
  readonly kind!: IdentityKind;

  @ApiProperty(TEXT_OR_NULL)
  readonly appId!: string | null;

  @ApiProperty(TEXT_OR_NULL)
  readonly username!: string | null;

  @ApiProperty(TIME)
  readonly linkedAt!: Date;
}

export class ExportedSessionDto implements SessionRecord {
  @ApiProperty({ format: 'uuid' })
  readonly id!: string;

  @ApiProperty()
  readonly appId!: string;

  @ApiProperty({ type: [String] })
  readonly methods!: readonly AuthenticationMethod[];

  @ApiProperty(TEXT_OR_NULL)
  readonly deviceId!: string | null;

  @ApiProperty(TEXT_OR_NULL)
  readonly deviceName!: string | null;

  @ApiProperty(TEXT_OR_NULL)
  readonly devicePlatform!: string | null;

  @ApiProperty(TIME)
  readonly createdAt!: Date;

  @ApiProperty(TIME)
  readonly lastUsedAt!: Date;

  @ApiProperty({ ...TIME, nullable: true })
  readonly endedAt!: Date | null;

  @ApiProperty(TEXT_OR_NULL)
  readonly endReason!: RevokeReason | null;
}

export class ExportedConsentDto implements ConsentRecord {
  @ApiProperty()
  readonly policyVersion!: string;

  @ApiProperty(TEXT_OR_NULL)
  readonly appId!: string | null;

  @ApiProperty(TIME)
  readonly givenAt!: Date;
}

export class ExportedEventDto {
  @ApiProperty(TIME)
  readonly at!: string;

  @ApiProperty({ type: String })
  readonly event!: AuditEventName;

  @ApiProperty({ enum: ['user', 'admin', 'client', 'wechat', 'system'], description: 'Whose doing it was' })
  readonly by!: ActorKind;

  @ApiProperty(TEXT_OR_NULL)
  readonly sessionId!: string | null;

  @ApiProperty(TEXT_OR_NULL)
  readonly appId!: string | null;

  @ApiProperty(TEXT_OR_NULL)
  readonly reason!: string | null;

  @ApiProperty({ type: [String], description: 'Which personal fields it changed' })
  readonly fields!: PersonalField[];
}

/** Everything that is kept of a person. */
export class AccountExportDto {
  @ApiProperty(TIME)
  readonly exportedAt!: string;

  @ApiProperty()
  readonly user!: ExportedUserDto;

  @ApiProperty({ type: [ExportedIdentityDto] })
  readonly identities!: ExportedIdentityDto[];

  @ApiProperty({ type: [ExportedSessionDto] })
  readonly sessions!: ExportedSessionDto[];

  @ApiProperty({ type: [ExportedConsentDto] })
  readonly consents!: ExportedConsentDto[];

  @ApiProperty({ type: [ExportedEventDto], description: 'Oldest first' })
  readonly auditEvents!: ExportedEventDto[];
}
