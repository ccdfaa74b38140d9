import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { Client } from 'pg';
import { ROOT } from './repository.ts';

/** A migrated database that nobody connects to, for others to be copied from. */
export class TemplateDatabase {
  private constructor(
    private readonly admin: string,
    readonly name: string,
  ) {}

  static async create(admin: string): Promise<TemplateDatabase> {
    const template = new TemplateDatabase(admin, `wechat_passport_template_${randomBytes(6).toString('hex')}`);
    await template.onAdmin(`create database ${template.name}`);
    const url = new URL(admin);
    url.pathname = `/${template.name}`;
    const env = { PATH: process.env['PATH'], DATABASE_URL: url.href };
    execFileSync(process.execPath, [join(ROOT, 'dist/database/migrate.js'), 'run'], { env });
    return template;
  }

  async drop(): Promise<void> {
    await this.onAdmin(`drop database if exists ${this.name} with (force)`);
  }

  private async onAdmin(text: string): Promise<void> {
    const client = new Client({ connectionString: this.admin });
    await client.connect();
    await client.query(text).finally(() => client.end());
  }
}
