import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import type { Logger } from 'pino';
import { BY_ITSELF, type Origin } from '../../audit/audit-event.js';
import { TokenSettings } from '../../config/settings.js';
import { LOGGER } from '../../logging/logging.module.js';
import { KeyRing } from './key-ring.js';
import { RefreshKeysRepository } from './refresh-keys.repository.js';
import { SigningKeysRepository } from './signing-keys.repository.js';

const DAY_SECONDS = 86_400;
const SIGNING_KEY_LIFE_SECONDS = 90 * DAY_SECONDS;
const REFRESH_KEY_LIFE_SECONDS = 180 * DAY_SECONDS;
// Verifiers cache the JWKS for 5 minutes; a key signs only after all of them have had time to see it twice.
const PUBLISHED_SECONDS = 600;
// Over the lifetime of its last access token, for clocks that differ.
const PREVIOUS_MARGIN_SECONDS = 300;
const CHECK_EVERY_MS = 3_600_000;

/** Renews keys before they grow old. Every instance looks every hour; the database lets one of them act. */
@Injectable()
export class KeyRotation implements OnApplicationBootstrap, OnApplicationShutdown {
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly signingKeys: SigningKeysRepository,
    private readonly refreshKeys: RefreshKeysRepository,
    private readonly keys: KeyRing,
    private readonly settings: TokenSettings,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  onApplicationBootstrap(): void {
    this.timer = setInterval(() => void this.rotateIfDue(), CHECK_EVERY_MS).unref();
  }

  onApplicationShutdown(): void {
    clearInterval(this.timer);
  }

  /** Rotates what is old enough; safe to call at any time and anywhere. */
  async rotateIfDue(): Promise<void> {
    try {
      const current = (await this.signingKeys.load()).find((key) => key.status === 'current');
      if (current && current.statusSeconds > SIGNING_KEY_LIFE_SECONDS) await this.rotateSigningKey();
      const [refresh] = (await this.refreshKeys.load()).filter((key) => !key.retiring);
      if (refresh && refresh.ageSeconds > REFRESH_KEY_LIFE_SECONDS) {
        await this.rotateRefreshKeyAfter(refresh.version, BY_ITSELF);
      }
      await this.signingKeys.retirePrevious(this.settings.accessTtlSeconds + PREVIOUS_MARGIN_SECONDS);
      await this.refreshKeys.deleteExpired();
      // What another instance retired is forgotten here, too.
      await this.keys.reload();
    } catch (error) {
      this.logger.error({ err: error }, 'the keys cannot be rotated now');
    }
  }

  /** Signs with the next key from now on. False when that key is too new, or somebody else rotated meanwhile. */
  async rotateSigningKey(origin: Origin = BY_ITSELF): Promise<boolean> {
    const current = (await this.signingKeys.load()).find((key) => key.status === 'current');
    const rotated = current ? await this.signingKeys.rotate(current.kid, PUBLISHED_SECONDS, origin) : false;
    if (rotated) this.logger.info({ event: 'signing_key_rotated', kid: current?.kid ?? null }, 'signing key rotated');
    await this.keys.reload();
    return rotated;
  }

  /** Makes refresh tokens with a new key from now on; those of the old one live as long as a session may idle. */
  async rotateRefreshKey(origin: Origin = BY_ITSELF): Promise<boolean> {
    const newest = (await this.refreshKeys.load()).at(-1);
    return newest ? this.rotateRefreshKeyAfter(newest.version, origin) : false;
  }

  /** Makes every access token of a signing key worthless, everywhere within a second. False when there is no such key. */
  async revokeSigningKey(kid: string, origin: Origin = BY_ITSELF): Promise<boolean> {
    const revoked = await this.signingKeys.revoke(kid, origin);
    if (revoked) this.logger.warn({ event: 'signing_key_revoked', kid }, 'signing key revoked');
    await this.keys.reload();
    return revoked;
  }

  /** False when somebody else has made the key after this version. */
  private async rotateRefreshKeyAfter(version: number, origin: Origin): Promise<boolean> {
    const keepSeconds = this.settings.refreshIdleTtlSeconds;
    const rotated = await this.refreshKeys.rotate(version, keepSeconds, origin);
    if (rotated) this.logger.info({ event: 'refresh_key_rotated' }, 'refresh token key rotated');
    await this.keys.reload();
    return rotated;
  }
}
