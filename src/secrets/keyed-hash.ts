import { createHmac } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { SecretKeysRepository } from './secret-keys.repository.js';

/**
 * Hashes personal values so that equal ones can be found again, and none can be guessed from a copy of the database.
 *
 * The key is random, made once for an installation and never changed: changing it would lose every value it has hashed.
 */
@Injectable()
export class KeyedHash {
  private key: Promise<Buffer> | null = null;

  constructor(private readonly keys: SecretKeysRepository) {}

  /**
   * HMAC-SHA256 of these parts, 32 bytes. The domain keeps hashes of different things apart; parts never run together.
   *
   * @throws AppError SERVICE_UNAVAILABLE - the key has not been read yet, and the database is away
   */
  async of(domain: string, ...parts: readonly string[]): Promise<Buffer> {
    const key = await (this.key ??= this.loadKey());
    return createHmac('sha256', key)
      .update(JSON.stringify([domain, ...parts]))
      .digest();
  }

  private async loadKey(): Promise<Buffer> {
    try {
      await this.keys.ensure('blind_index');
      const [key] = await this.keys.load('blind_index');
      if (!key) throw new Error('there is no key for hashes');
      return key.secret;
    } catch (error) {
      this.key = null;
      throw error;
    }
  }
}
