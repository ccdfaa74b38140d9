import { Injectable, SetMetadata, createParamDecorator, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { Request } from 'express';
import { AccessTokens, type Caller } from './access-tokens.js';
import { PassportServer } from './passport-server.js';
import { badToken, noToken } from './refusal.js';

interface CallerRequest extends Request {
  caller?: Caller;
}

const STRICT = 'strict';

/** Asks wechat-passport on every request whether the session lives: for routes where a second matters. */
export const Strict = () => SetMetadata(STRICT, true);

/** Whom `AccessGuard` has let through. */
export const CurrentCaller = createParamDecorator(
  (_data: unknown, context: ExecutionContext) => context.switchToHttp().getRequest<CallerRequest>().caller,
);

/** Lets people through who are signed in. */
@Injectable()
export class AccessGuard implements CanActivate {
  constructor(
    private readonly accessTokens: AccessTokens,
    private readonly passport: PassportServer,
    private readonly reflector: Reflector,
  ) {}

  async canActivate(context: ExecutionContext): Promise<true> {
    const request = context.switchToHttp().getRequest<CallerRequest>();
    const token = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? '')?.[1];
    if (token === undefined) throw noToken();
    const caller = await this.accessTokens.verify(token);
    const strict = this.reflector.getAllAndOverride<boolean>(STRICT, [context.getHandler(), context.getClass()]);
    if (strict && !(await this.passport.isActive(token))) throw badToken();
    request.caller = caller;
    return true;
  }
}
