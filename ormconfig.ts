import { DataSource } from 'typeorm';
import { Avatar } from '#src/account/avatar/avatar.entity.js';
import { AuditEvent } from '#src/audit/audit-event.entity.js';
import { FailedAttempt } from '#src/auth/credentials/failed-attempt.entity.js';
import { OtpChallenge } from '#src/auth/sms/otp-challenge.entity.js';
import { RegistrationTicket } from '#src/auth/sign-in/registration-ticket.entity.js';
import { Session } from '#src/auth/sessions/session.entity.js';
import { SigningKey } from '#src/auth/tokens/signing-key.entity.js';
import { Revocation } from '#src/auth/revocation/revocation.entity.js';
import { loadDatabaseSettings } from '#src/config/load-settings.js';
import { migrationDataSourceOptions } from '#src/database/data-source-options.js';
import { EmbeddedDataSource } from '#src/database/embedded-data-source.js';
import { openEmbeddedDatabase } from '#src/database/embedded-database.js';
import { RateLimit } from '#src/limits/rate-limit.entity.js';
import { SecretKey } from '#src/secrets/secret-key.entity.js';
import { Consent } from '#src/users/consent.entity.js';
import { Erasure } from '#src/users/erasure.entity.js';
import { Identity } from '#src/users/identity.entity.js';
import { Merge } from '#src/users/merge.entity.js';
import { MergeTicketRow } from '#src/users/merge-ticket.entity.js';
import { User } from '#src/users/user.entity.js';
import { UserDataReading } from '#src/wechat/user-data-reading.entity.js';
import { WechatAccessToken } from '#src/wechat/wechat-access-token.entity.js';
import { WechatSession } from '#src/wechat/wechat-session.entity.js';
import { PushEventRow } from '#src/wechat/push/push-event.entity.js';

/** The data source of the TypeORM command line: `typeorm -d dist/ormconfig.js`. */
async function dataSource(): Promise<DataSource> {
  const settings = loadDatabaseSettings(process.env);
  const entities = [
    User,
    Identity,
    Session,
    SigningKey,
    SecretKey,
    Revocation,
    WechatSession,
    UserDataReading,
    AuditEvent,
    FailedAttempt,
    OtpChallenge,
    RateLimit,
    Erasure,
    PushEventRow,
    MergeTicketRow,
    Merge,
    WechatAccessToken,
    RegistrationTicket,
    Consent,
    Avatar,
  ];
  if (settings.url) return new DataSource({ ...migrationDataSourceOptions(settings, null), entities });
  const embedded = await openEmbeddedDatabase(settings.directory);
  return new EmbeddedDataSource({ ...migrationDataSourceOptions(settings, embedded), entities }, embedded);
}

export default dataSource();
