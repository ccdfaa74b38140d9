import { Injectable, type OnModuleInit } from '@nestjs/common';
import { DataSource } from 'typeorm';

/** People who are known before anybody signs in; the benchmark's, not a tutorial's. */
@Injectable()
export class SeedService implements OnModuleInit {
  constructor(private readonly dataSource: DataSource) {}

  async onModuleInit() {
    await this.dataSource.query(
      `insert into users (openid, nickname) select 'seed-' || n, '用户' || n from generate_series(1, $1) as n`,
      [Number(process.env.SEEDED_USERS)],
    );
    await this.dataSource.query('vacuum analyze users');
  }
}
