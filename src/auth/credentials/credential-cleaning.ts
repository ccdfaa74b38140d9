import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import type { Logger } from 'pino';
import { AppError } from '../../errors/app-error.js';
import { LOGGER } from '../../logging/logging.module.js';
import { OtpChallengesRepository } from '../sms/otp-challenges.repository.js';
import { AttemptsRepository } from './attempts.repository.js';

const EVERY_MS = 600_000;

/** Deletes spent codes and failures that count no more, a chunk at a time; instances skip what another one is at. */
@Injectable()
export class CredentialCleaning implements OnApplicationBootstrap, OnApplicationShutdown {
  private timer: NodeJS.Timeout | undefined;
  private stopped = false;

  constructor(
    private readonly attempts: AttemptsRepository,
    private readonly challenges: OtpChallengesRepository,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  onApplicationBootstrap(): void {
    this.timer = setInterval(() => void this.run(), EVERY_MS).unref();
  }

  onApplicationShutdown(): void {
    this.stopped = true;
    clearInterval(this.timer);
  }

  /** One round. */
  async run(): Promise<void> {
    try {
      while (!this.stopped && (await this.attempts.clean()));
      while (!this.stopped && (await this.challenges.clean()));
    } catch (error) {
      // The next round comes anyway.
      const level = error instanceof AppError ? 'warn' : 'error';
      this.logger[level]({ err: error }, 'old codes and failures cannot be deleted now');
    }
  }
}
