import { Controller, Get, HttpCode, Post, UseGuards } from '@nestjs/common';
import type { Caller } from './access-tokens.js';
import { AccessGuard, CurrentCaller, Strict } from './access.guard.js';
import { PassportServer, type PassportUser } from './passport-server.js';
import { Refusal } from './refusal.js';

/** A shop: the menu is for everybody, orders for whoever is signed in, paying for whoever still is. */
@Controller()
export class OrdersController {
  constructor(private readonly passport: PassportServer) {}

  @Get('menu')
  menu(): string[] {
    return ['tea', 'noodles'];
  }

  @Get('orders')
  @UseGuards(AccessGuard)
  mine(@CurrentCaller() { userId, appId }: Caller): object {
    return { userId, appId, orders: [] };
  }

  @Post('orders/pay')
  @HttpCode(200)
  @Strict()
  @UseGuards(AccessGuard)
  pay(@CurrentCaller() { userId }: Caller): object {
    return { paidBy: userId };
  }

  @Get('profile')
  @UseGuards(AccessGuard)
  async profile(@CurrentCaller() { userId }: Caller): Promise<PassportUser> {
    const user = await this.passport.findUser(userId);
    if (!user) throw new Refusal(404, 'NOT_FOUND', 'fix-request');
    return user;
  }
}
