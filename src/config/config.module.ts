import { Global, Module, type DynamicModule, type Provider } from '@nestjs/common';
import {
  AuditSettings,
  DatabaseSettings,
  LimitSettings,
  MasterKeySettings,
  OAuthSettings,
  PhoneSettings,
  ProfileSettings,
  RedisSettings,
  RegistrationSettings,
  SandboxSettings,
  ServerSettings,
  SmsSettings,
  TokenSettings,
  WechatSettings,
  type Settings,
} from './settings.js';

/** Offers the slices of the configuration, each under its own class. */
@Global()
@Module({})
export class ConfigModule {
  static forRoot(settings: Settings): DynamicModule {
    const slices: Provider[] = [
      { provide: ServerSettings, useValue: settings.server },
      { provide: DatabaseSettings, useValue: settings.database },
      { provide: RedisSettings, useValue: settings.redis },
      { provide: MasterKeySettings, useValue: settings.masterKeys },
      { provide: WechatSettings, useValue: settings.wechat },
      { provide: SandboxSettings, useValue: settings.sandbox },
      { provide: TokenSettings, useValue: settings.tokens },
      { provide: OAuthSettings, useValue: settings.oauth },
      { provide: PhoneSettings, useValue: settings.phones },
      { provide: SmsSettings, useValue: settings.sms },
      { provide: RegistrationSettings, useValue: settings.registration },
      { provide: ProfileSettings, useValue: settings.profiles },
      { provide: AuditSettings, useValue: settings.audit },
      { provide: LimitSettings, useValue: settings.limits },
    ];
    return { module: ConfigModule, providers: slices, exports: slices };
  }
}
