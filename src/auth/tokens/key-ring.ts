import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { createSecretKey, type KeyObject } from 'node:crypto';
import type { Logger } from 'pino';
import { ConfigurationError } from '../../config/configuration-error.js';
import { SealError } from '../../crypto/sealer.js';
import { SchemaVersion } from '../../database/schema-version.js';
import { AppError } from '../../errors/app-error.js';
import { LOGGER } from '../../logging/logging.module.js';
import { RevocationFeed } from '../revocation/revocation-feed.js';
import { accessTokenHeader } from './access-token-header.js';
import { privateKeyFrom, publicKeyOf } from './es256-key.js';
import { RefreshKeysRepository } from './refresh-keys.repository.js';
import type { PublicJwk } from './signing-key.entity.js';
import { SigningKeysRepository } from './signing-keys.repository.js';

const RETRY_MS = 2000;
// A flood of tokens with made-up key names costs one reload in this time.
const RELOAD_AT_MOST_EVERY_MS = 30_000;

interface LoadedKeys {
  /** `header` is that of the tokens it signs, as it stands in them. */
  readonly signing: { readonly kid: string; readonly header: string; readonly privateKey: KeyObject };
  readonly verification: ReadonlyMap<string, KeyObject>;
  readonly published: readonly (PublicJwk & { kid: string })[];
  readonly refresh: { readonly version: number; readonly secret: KeyObject };
  readonly refreshByVersion: ReadonlyMap<number, KeyObject>;
}

/**
 * Holds the keys of this process, opened once, and follows what happens to them elsewhere.
 *
 * Makes the first keys on an empty database. Until the database is reachable and migrated it keeps trying, and whoever
 * needs a key is told SERVICE_UNAVAILABLE; a master key that does not open the stored keys stops the start.
 */
@Injectable()
export class KeyRing implements OnApplicationBootstrap, OnApplicationShutdown {
  private keys: LoadedKeys | null = null;
  private retry: NodeJS.Timeout | undefined;
  private reloadedAt = -Infinity;
  // Looks at the keys may overlap; one that began later has seen more.
  private looksBegun = 0;
  private lookInForce = 0;

  constructor(
    private readonly signingKeys: SigningKeysRepository,
    private readonly refreshKeys: RefreshKeysRepository,
    private readonly schema: SchemaVersion,
    private readonly feed: RevocationFeed,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {
    this.feed.onKeysChanged((revoked) => {
      this.forget(revoked);
      return this.reload();
    });
  }

  async onApplicationBootstrap(): Promise<void> {
    await this.loadOrRetry();
  }

  onApplicationShutdown(): void {
    clearTimeout(this.retry);
  }

  get isLoaded(): boolean {
    return this.keys !== null;
  }

  /** The key that signs access tokens now. @throws AppError SERVICE_UNAVAILABLE - it was revoked, and no other is known */
  signing(): LoadedKeys['signing'] {
    const { signing, verification } = this.loaded();
    if (!verification.has(signing.kid)) {
      throw new AppError('SERVICE_UNAVAILABLE', { context: { reason: 'signing key revoked' } });
    }
    return signing;
  }

  /** The public key that is named so, if tokens signed with it are still good. */
  verification(kid: string): KeyObject | undefined {
    return this.loaded().verification.get(kid);
  }

  /** The same for a key that may be too new for this process to know: reads the keys again, once in 30 s. */
  async verificationAfterReload(kid: string): Promise<KeyObject | undefined> {
    await this.reloadIfDue();
    return this.verification(kid);
  }

  /** The public keys for the outside, the coming one included, so that nobody meets a key before it is published. */
  published(): LoadedKeys['published'] {
    return this.loaded().published;
  }

  /** The key that makes refresh tokens now. */
  refresh(): LoadedKeys['refresh'] {
    return this.loaded().refresh;
  }

  /** The key that made refresh tokens of this version, while one of them may be alive. */
  refreshOf(version: number): KeyObject | undefined {
    return this.loaded().refreshByVersion.get(version);
  }

  /** The same for a version that may be too new for this process to know: reads the keys again, once in 30 s. */
  async refreshOfAfterReload(version: number): Promise<KeyObject | undefined> {
    await this.reloadIfDue();
    return this.refreshOf(version);
  }

  /** Reads the keys as they are now. @throws SealError, and AppError SERVICE_UNAVAILABLE */
  async reload(): Promise<void> {
    this.reloadedAt = performance.now();
    if (!this.keys) return;
    const look = (this.looksBegun += 1);
    const keys = await this.load();
    if (look < this.lookInForce) return;
    this.lookInForce = look;
    this.keys = keys;
  }

  /** Refuses what these keys signed, even if the keys of today cannot be read. */
  private forget(kids: readonly string[]): void {
    if (!this.keys || kids.length === 0) return;
    const { verification, published } = this.keys;
    this.lookInForce = this.looksBegun += 1;
    this.keys = {
      ...this.keys,
      verification: new Map([...verification].filter(([kid]) => !kids.includes(kid))),
      published: published.filter(({ kid }) => !kids.includes(kid)),
    };
  }

  private async reloadIfDue(): Promise<void> {
    if (performance.now() - this.reloadedAt >= RELOAD_AT_MOST_EVERY_MS) await this.reload();
  }

  private loaded(): LoadedKeys {
    if (!this.keys) throw new AppError('SERVICE_UNAVAILABLE', { context: { reason: 'keys not loaded' } });
    return this.keys;
  }

  private async loadOrRetry(): Promise<void> {
    try {
      if (await this.schema.isCurrent()) {
        await this.makeFirstKeys();
        this.keys = await this.load();
        return;
      }
      this.logger.error('the database is not migrated; run: npm run migration:run');
    } catch (error) {
      if (error instanceof SealError) throw wrongMasterKey(error);
      this.logger.error({ err: error }, 'the keys cannot be loaded yet');
    }
    this.retry = setTimeout(() => void this.loadOrRetry(), RETRY_MS).unref();
  }

  private async makeFirstKeys(): Promise<void> {
    await this.signingKeys.ensure('current');
    await this.signingKeys.ensure('next');
    await this.refreshKeys.ensure();
    await this.signingKeys.reseal();
    await this.refreshKeys.reseal();
  }

  private async load(): Promise<LoadedKeys> {
    const signingKeys = await this.signingKeys.load();
    const refreshKeys = await this.refreshKeys.load();
    const current = signingKeys.find((key) => key.status === 'current');
    const refresh = refreshKeys.findLast((key) => !key.retiring);
    if (!current || !refresh) throw new Error('there is no current key');
    const refreshByVersion = new Map(refreshKeys.map((key) => [key.version, createSecretKey(key.secret)]));
    return {
      signing: {
        kid: current.kid,
        header: accessTokenHeader(current.kid),
        privateKey: privateKeyFrom(current.pkcs8),
      },
      verification: new Map(signingKeys.map((key) => [key.kid, publicKeyOf(key.publicJwk)])),
      published: signingKeys.map(({ kid, publicJwk }) => ({ kid, ...publicJwk })),
      refresh: { version: refresh.version, secret: refreshByVersion.get(refresh.version)! },
      refreshByVersion,
    };
  }
}

function wrongMasterKey({ reason, masterKeyId }: SealError): ConfigurationError {
  return new ConfigurationError([
    reason === 'unknown-master-key'
      ? `MASTER_KEYS: the keys in the database were sealed with master key "${masterKeyId}", which is not configured`
      : `MASTER_KEYS: master key "${masterKeyId}" does not open the keys in the database; it is not the one that sealed them`,
  ]);
}
