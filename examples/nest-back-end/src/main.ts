import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { AppModule } from './app.module.js';
import { RefusalFilter } from './refusal.js';

const app = await NestFactory.create(AppModule, { logger: ['error', 'warn'] });
app.useGlobalFilters(new RefusalFilter());
app.enableShutdownHooks();
await app.listen(process.env['PORT'] ?? 4000, '127.0.0.1');
console.log(`The shop is at ${await app.getUrl()}`);
