import { Inject, Injectable } from '@nestjs/common';
import type { Logger } from 'pino';
import { WechatSettings } from '../config/settings.js';
import { Cleaning, DELETION_CHUNK, untilFewer } from '../database/cleaning.js';
import { AppError } from '../errors/app-error.js';
import { LOGGER } from '../logging/logging.module.js';
import { decryptUserData, type SealedUserData } from './decrypt-user-data.js';
import { SessionKeysRepository, type WechatAccount } from './session-keys.repository.js';
import { UserDataReadingsRepository } from './user-data-readings.repository.js';

const CLEANING_MS = 600_000;

/** Reads what WeChat encrypted for a person: profile, phone, steps, share tickets. */
@Injectable()
export class UserData {
  constructor(
    private readonly sessionKeys: SessionKeysRepository,
    private readonly readings: UserDataReadingsRepository,
    private readonly settings: WechatSettings,
    @Inject(LOGGER) private readonly logger: Logger,
    cleaning: Cleaning,
  ) {
    cleaning.add({
      name: 'readings of user data',
      everyMs: CLEANING_MS,
      chunks: () => untilFewer(DELETION_CHUNK, () => readings.deleteOld()),
    });
  }

  /**
   * Decrypts data with the session_keys of this person, the current one and the one before, and checks its watermark.
   *
   * Answers the whole of it, openId and phone number in clear: for code of this process, not for a client. The session
   * that showed the data first may show it again; no other may for ten minutes.
   *
   * @throws AppError USER_DATA_UNREADABLE - whatever is wrong, in equal time; the cause stands in the log
   */
  async read(account: WechatAccount, sessionId: string, sealed: SealedUserData): Promise<Record<string, unknown>> {
    const [isOurs, sessionKeys] = await Promise.all([
      this.readings.claim(sealed.encryptedData, sessionId),
      this.sessionKeys.find(account),
    ]);
    const { data, cause } = decryptUserData(sealed, {
      ...account,
      sessionKeys,
      now: new Date(),
      maxAgeSeconds: this.settings.userDataMaxAgeSeconds,
    });
    if (data && isOurs) return data;
    const reason = cause ?? 'other-session';
    this.logger.info({ appId: account.appId, sessionId, reason }, 'encrypted user data is not believed');
    throw new AppError('USER_DATA_UNREADABLE', { context: { appId: account.appId } });
  }
}
