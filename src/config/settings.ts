import type { MasterKey } from '../crypto/sealer.js';
import type { LogLevel } from '../logging/logger.js';
import type { TokenCarrier } from './token-carriers.js';

/** A mini-program, as `WECHAT_APPS` names it. */
export interface WechatApp {
  readonly appId: string;
  /** The AppSecret. An app of a third-party platform has none, but a `component`; every app has one of the two. */
  readonly secret?: string;
  readonly component?: WechatComponent;
  readonly name?: string;
  /** The Open Platform account the app is bound to; unionids are only meaningful within one account. */
  readonly openPlatform?: string;
  readonly registration?: Registration;
  readonly pushToken?: string;
  readonly pushAesKey?: string;
  readonly apiSecurity?: WechatApiSecurity;
}

/** The third-party platform that signs an app's users in, and where its component_access_token comes from. */
export type WechatComponent = { readonly appId: string } & (
  | {
      /** Answers `{component_access_token, expires_in}` to whoever carries the secret as bearer token. */
      readonly tokenUrl: string;
      readonly tokenSecret: string;
    }
  | {
      /** One token for good, for tests: WeChat's live two hours. */
      readonly accessToken: string;
    }
);

/** The keys of an app's API security (接口安全): AES256_GCM with RSAwithSHA256. */
export interface WechatApiSecurity {
  /** The number of the symmetric key, from the console of WeChat. */
  readonly symmetricSn: string;
  /** 32 bytes in base64. */
  readonly symmetricKey: string;
  /** The app's RSA key in PEM, which signs requests. */
  readonly privateKey: string;
  /** Those whose signatures on WeChat's answers are believed: one, or two while WeChat changes it. */
  readonly certificates: readonly WechatCertificate[];
}

/** WeChat's own key, as a certificate or as the public key in it, in PEM. */
export type WechatCertificate = {
  /** The number the console of WeChat shows, not the serial number within the certificate. */
  readonly serial: string;
} & ({ readonly certificate: string } | { readonly publicKey: string });

export type Registration = 'always' | 'on_phone' | 'never';

// Each slice below is a class so that it is its own injection token; its fields are set once and frozen.

/** How the server listens and shows itself. */
export abstract class ServerSettings {
  abstract readonly production: boolean;
  abstract readonly host: string;
  abstract readonly port: number;
  abstract readonly publicUrl: string;
  /** Proxies in front that may name the client in `X-Forwarded-For`. */
  abstract readonly trustProxyHops: number;
  /** Processes that serve side by side on one port, sharing nothing but the database. */
  abstract readonly workers: number;
  abstract readonly docs: boolean;
  abstract readonly logLevel: LogLevel;
  abstract readonly metricsToken: string | null;
  /** Whether JSON answers under /v1 come as `{success, code, message, datetime, traceId, data}`. */
  abstract readonly responseEnvelope: boolean;
}

/** Where the data is kept. */
export abstract class DatabaseSettings {
  /** null means the embedded database. */
  abstract readonly url: string | null;
  /** For LISTEN and migrations, which a transaction pooler cannot carry. */
  abstract readonly directUrl: string | null;
  /** Folder of the embedded database; null keeps it in memory. */
  abstract readonly directory: string | null;
  abstract readonly poolSize: number;
  /** Named prepared statements; off behind a transaction pooler that cannot keep them. */
  abstract readonly prepared: boolean;
}

/** What instances share beside the database. */
export abstract class RedisSettings {
  /** null means that the database does its part. */
  abstract readonly url: string | null;
}

/** What seals the secrets at rest. Never empty; the first key seals. */
export abstract class MasterKeySettings {
  abstract readonly masterKeys: readonly MasterKey[];
}

/** The mini-programs and how WeChat is reached. */
export abstract class WechatSettings {
  /** Never empty; a request without an appId means the first. */
  abstract readonly apps: readonly WechatApp[];
  abstract readonly apiBaseUrl: string;
  abstract readonly timeoutMs: number;
  /** How old encrypted data may be, by its watermark. */
  abstract readonly userDataMaxAgeSeconds: number;
}

/** Whether the WeChat sandbox is mounted. */
export abstract class SandboxSettings {
  abstract readonly enabled: boolean;
  abstract readonly controlToken: string | null;
}

/** What tokens say and how long they live. */
export abstract class TokenSettings {
  abstract readonly issuer: string;
  abstract readonly audience: string;
  abstract readonly accessTtlSeconds: number;
  abstract readonly refreshIdleTtlSeconds: number;
  abstract readonly refreshAbsoluteTtlSeconds: number;
  /** Live sessions of one user; a sign-in over it ends the one refreshed the longest time ago. */
  abstract readonly sessionsPerUser: number;
  /** Where a request may carry its access token. Never empty. */
  abstract readonly carriers: readonly TokenCarrier[];
}

/** A back end that introspects, revokes and refreshes tokens on behalf of mini-programs. */
export interface OAuthClient {
  readonly clientId: string;
  /** SHA-256 of the client secret. */
  readonly secretHash: Buffer;
  /** The mini-programs whose tokens it may handle. */
  readonly appIds: readonly string[];
}

/** The registered back ends. */
export abstract class OAuthSettings {
  abstract readonly clients: readonly OAuthClient[];
}

/** Whether anything is counted against a limit. */
export abstract class LimitSettings {
  abstract readonly enabled: boolean;
}

/** How far a phone number is believed. */
export abstract class PhoneSettings {
  /** So long after an account has proved its number, a fresh proof of the number gets into the account. */
  abstract readonly trustDays: number;
}

/** How one-time codes reach phones. */
export abstract class SmsSettings {
  /** Path of the module that sends them; null means the console in development and nobody in production. */
  abstract readonly providerModule: string | null;
}

/** Who may become a user. */
export abstract class RegistrationSettings {
  /** For apps that name none of their own. */
  abstract readonly policy: Registration;
  /** The version of the privacy policy that whoever registers must have agreed to; null asks for none. */
  abstract readonly policyVersion: string | null;
  /** The highest risk rank of WeChat's, 0 to 4, that may register; null does not ask. */
  abstract readonly riskRankMax: number | null;
  /** Whether people register while WeChat does not tell their rank. */
  abstract readonly admitsUnknownRisk: boolean;
}

/** What people may call themselves. */
export abstract class ProfileSettings {
  /** Whether WeChat is asked what it thinks of a nickname. */
  abstract readonly checksNicknames: boolean;
}

/** What the audit log keeps. */
export abstract class AuditSettings {
  abstract readonly retentionDays: number;
}

/** The whole configuration, validated and frozen. */
export interface Settings {
  readonly server: ServerSettings;
  readonly database: DatabaseSettings;
  readonly redis: RedisSettings;
  readonly masterKeys: MasterKeySettings;
  readonly wechat: WechatSettings;
  readonly sandbox: SandboxSettings;
  readonly tokens: TokenSettings;
  readonly oauth: OAuthSettings;
  readonly phones: PhoneSettings;
  readonly sms: SmsSettings;
  readonly registration: RegistrationSettings;
  readonly profiles: ProfileSettings;
  readonly audit: AuditSettings;
  readonly limits: LimitSettings;
}
