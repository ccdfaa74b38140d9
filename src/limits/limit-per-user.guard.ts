import { Injectable, SetMetadata, UseGuards, applyDecorators } from '@nestjs/common';
import type { CanActivate, ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { Limits } from './limits.js';
import type { LimitName } from './named-limits.js';

const LIMIT = 'wechat-passport:limit';

/** Counts the calls of a route by the person who calls. Guards of the whole server run before, so the person is known. */
@Injectable()
export class LimitPerUserGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly limits: Limits,
  ) {}

  /** @throws AppError RATE_LIMITED */
  async canActivate(context: ExecutionContext): Promise<true> {
    const name = this.reflector.get<LimitName>(LIMIT, context.getHandler());
    const { user } = context.switchToHttp().getRequest<{ user?: { userId?: string } }>();
    if (!user?.userId) throw new Error('a route that is limited by user must need an access token');
    await this.limits.consume(name, user.userId);
    return true;
  }
}

/** Limits how often one person may call a route, which must need an access token. */
export const LimitPerUser = (name: LimitName) =>
  applyDecorators(SetMetadata(LIMIT, name), UseGuards(LimitPerUserGuard));
