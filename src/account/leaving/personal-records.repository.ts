import { Injectable } from '@nestjs/common';
import type { RevokeReason } from '../../auth/revocation/revoke-reason.js';
import type { AuthenticationMethod } from '../../auth/sessions/session.entity.js';
import { Database } from '../../database/database.js';
import { statement } from '../../database/statement.js';
import type { IdentityKind } from '../../users/identity.entity.js';

/** The row of a person. */
export interface PersonRecord {
  readonly id: string;
  readonly nickname: string | null;
  readonly avatarUrl: string | null;
  readonly phoneSealed: Buffer | null;
  readonly phoneProvedAt: Date | null;
  readonly hasPassword: boolean;
  readonly roles: readonly string[];
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** One of their identities. The subject of a username only: the others are no business of a client. */
export interface IdentityRecord {
  readonly id: string;
  readonly kind: IdentityKind;
  readonly appId: string | null;
  readonly username: string | null;
  readonly linkedAt: Date;
}

/** One of their sessions, alive or not yet cleaned away. */
export interface SessionRecord {
  readonly id: string;
  readonly appId: string;
  readonly methods: readonly AuthenticationMethod[];
  readonly deviceId: string | null;
  readonly deviceName: string | null;
  readonly devicePlatform: string | null;
  readonly createdAt: Date;
  readonly lastUsedAt: Date;
  readonly endedAt: Date | null;
  readonly endReason: RevokeReason | null;
}

/** What they agreed to. */
export interface ConsentRecord {
  readonly policyVersion: string;
  readonly appId: string | null;
  readonly givenAt: Date;
}

const readPerson = statement<PersonRecord>(
  'read_person',
  `select id, nickname, avatar_url as "avatarUrl", phone_sealed as "phoneSealed", phone_proved_at as "phoneProvedAt",
          password_hash is not null as "hasPassword", roles, created_at as "createdAt", updated_at as "updatedAt"
   from users where id = $1 and status = 'active'`,
);

const readIdentities = statement<IdentityRecord>(
  'read_identities',
  `select id, kind, case kind when 'wechat_openid' then issuer end as "appId",
          case kind when 'username' then subject end as username, created_at as "linkedAt"
   from identities where user_id = $1 order by created_at, id`,
);

const readSessions = statement<SessionRecord>(
  'read_sessions',
  `select id, app_id as "appId", amr as methods, device_id as "deviceId", device_name as "deviceName",
          device_platform as "devicePlatform", created_at as "createdAt", rotated_at as "lastUsedAt",
          revoked_at as "endedAt", revoke_reason as "endReason"
   from sessions where user_id = $1 order by created_at, id`,
);

const readConsents = statement<ConsentRecord>(
  'read_consents',
  `select policy_version as "policyVersion", app_id as "appId", given_at as "givenAt"
   from consents where user_id = $1 order by given_at, policy_version`,
);

/** Reads whatever the tables keep of one person. */
@Injectable()
export class PersonalRecordsRepository {
  constructor(private readonly database: Database) {}

  /** Null when the person is not active. */
  async person(userId: string): Promise<PersonRecord | null> {
    const [row] = await this.database.query(readPerson, [userId]);
    return row ?? null;
  }

  async identities(userId: string): Promise<IdentityRecord[]> {
    return this.database.query(readIdentities, [userId]);
  }

  async sessions(userId: string): Promise<SessionRecord[]> {
    return this.database.query(readSessions, [userId]);
  }

  async consents(userId: string): Promise<ConsentRecord[]> {
    return this.database.query(readConsents, [userId]);
  }
}
