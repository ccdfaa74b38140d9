import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { Client } from 'pg';
import type { Logger } from 'pino';
import { DatabaseSettings } from '../config/settings.js';
import { LOGGER } from '../logging/logging.module.js';

const CONNECT_MS = 2000;
const RECONNECT_MS = 1000;

/**
 * Hears PostgreSQL's notifications on a connection of its own, and comes back by itself when that is lost.
 *
 * Notifications of the time without a connection are lost; whoever listens must be able to live without any of them. The
 * embedded database has one process and needs none.
 */
@Injectable()
export class NotificationListener implements OnApplicationShutdown {
  private client: Client | null = null;
  private timer: NodeJS.Timeout | undefined;
  private stopped = false;

  constructor(
    private readonly settings: DatabaseSettings,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** Calls `heard` after every notification on the channel, and after every time the connection was made. */
  listen(channel: string, heard: () => void): void {
    if (this.settings.directUrl) void this.connect(channel, heard);
  }

  async onApplicationShutdown(): Promise<void> {
    this.stopped = true;
    clearTimeout(this.timer);
    await this.client?.end().catch(() => undefined);
  }

  private async connect(channel: string, heard: () => void): Promise<void> {
    const client = new Client({
      connectionString: this.settings.directUrl!,
      application_name: 'wechat-passport-listener',
      connectionTimeoutMillis: CONNECT_MS,
      keepAlive: true,
    });
    const lost = (error?: Error): void => {
      if (this.client !== client || this.stopped) return;
      this.client = null;
      this.logger.warn({ err: error }, 'no longer listening for notifications; trying again');
      void client.end().catch(() => undefined);
      this.timer = setTimeout(() => void this.connect(channel, heard), RECONNECT_MS).unref();
    };
    this.client = client;
    client.on('error', lost);
    client.on('end', () => lost());
    client.on('notification', heard);
    try {
      await client.connect();
      await client.query(`listen ${client.escapeIdentifier(channel)}`);
      heard();
    } catch (error) {
      lost(error as Error);
    }
  }
}
