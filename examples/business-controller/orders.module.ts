import { Module } from '@nestjs/common';
import { AuthModule } from '../../src/auth/auth.module.js';
import { Orders } from './orders.js';
import { OrdersController } from './orders.controller.js';

/** Importing `AuthModule` is all that the guard of the controller needs. */
@Module({
  imports: [AuthModule],
  controllers: [OrdersController],
  providers: [Orders],
})
export class OrdersModule {}
