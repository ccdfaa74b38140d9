import { Body, Controller, Get, HttpCode, Post, UseGuards } from '@nestjs/common';
import { ApiBearerAuth, ApiProperty, ApiTags } from '@nestjs/swagger';
import { AccessGuard, CurrentUser, Roles } from '../../src/auth/access/access.guard.js';
import type { Principal } from '../../src/auth/access/principal.js';
import { Public } from '../../src/http/access.decorator.js';
import { IsPlainText } from '../../src/http/is-plain-text.js';
import { Orders, type Order } from './orders.js';

class PlaceOrderDto {
  @ApiProperty({ minLength: 1, maxLength: 40 })
  @IsPlainText(1, 40)
  readonly item!: string;
}

/** A shop's orders. Whoever is signed in sees their own; staff see all; the menu is for everybody. */
@ApiTags('orders')
@ApiBearerAuth()
@UseGuards(AccessGuard)
@Controller({ path: 'orders', version: '1' })
export class OrdersController {
  constructor(private readonly orders: Orders) {}

  @Get()
  mine(@CurrentUser() { userId }: Principal): Order[] {
    return this.orders.of(userId);
  }

  @Post()
  @HttpCode(200)
  place(@CurrentUser() { userId }: Principal, @Body() { item }: PlaceOrderDto): Order {
    return this.orders.place(userId, item);
  }

  @Get('all')
  @Roles('staff')
  everybodys(): Order[] {
    return this.orders.all();
  }

  @Get('menu')
  @Public()
  menu(): string[] {
    return ['tea', 'noodles'];
  }
}
