import { Module } from '@nestjs/common';
import { AccessTokens } from './access-tokens.js';
import { OrdersController } from './orders.controller.js';
import { PassportServer } from './passport-server.js';
import { PassportSettings } from './passport-settings.js';

@Module({
  controllers: [OrdersController],
  providers: [PassportSettings, AccessTokens, PassportServer],
})
export class AppModule {}
