import { Injectable, createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { AuthGuard } from '@nestjs/passport';
import { AppError } from '../../errors/app-error.js';
import { validationPipe } from '../../http/validation.pipe.js';
import type { VerifiedIdentity } from '../../wechat/wechat-login.js';
import { KeyRing } from '../tokens/key-ring.js';
import { SignInLimits } from './sign-in-limits.js';
import { SignInRefusals } from './sign-in-refusals.js';
import { WechatLoginDto } from './wechat-login.dto.js';

/** The WeChat identity that `WechatCodeGuard` has proven. */
export const ProvenIdentity = createParamDecorator(
  (_data: unknown, context: ExecutionContext) => context.switchToHttp().getRequest<LoginRequest>().user,
);

/** The body that `WechatCodeGuard` has checked; a pipe would do so once more. */
export const CheckedBody = createParamDecorator(
  (_data: unknown, context: ExecutionContext) => context.switchToHttp().getRequest<LoginRequest>().checkedBody,
);

interface LoginRequest {
  readonly body: unknown;
  checkedBody?: WechatLoginDto;
  /** Once WeChat has vouched for the code. */
  readonly user?: VerifiedIdentity;
  /** Ours on Fastify; Express has none. */
  readonly id?: string;
  readonly ip?: string;
}

/** Lets a request through when WeChat vouches for its code. Guards run before pipes, so the body is checked here. */
@Injectable()
export class WechatCodeGuard extends AuthGuard('wechat-code') {
  constructor(
    private readonly keys: KeyRing,
    private readonly refusals: SignInRefusals,
    private readonly limits: SignInLimits,
  ) {
    super();
  }

  override async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<LoginRequest>();
    const body = await validationPipe.transform(request.body, { type: 'body', metatype: WechatLoginDto });
    request.checkedBody = body as WechatLoginDto;
    // A code works once: it is not spent while nobody could be signed in.
    if (!this.keys.isLoaded) throw new AppError('SERVICE_UNAVAILABLE', { context: { reason: 'keys not loaded' } });
    await this.limits.admit(request.ip);
    try {
      await super.canActivate(context);
    } catch (error) {
      await this.limits.failed(error, request.ip);
      this.refusals.note(error, { appId: null, traceId: request.id ?? null });
      throw error;
    }
    await this.limits.admitIdentity(request.user!);
    return true;
  }

  override handleRequest<Identity>(error: unknown, identity: Identity | false | null): Identity {
    if (error) throw error as Error;
    if (!identity) throw new AppError('WECHAT_CODE_REJECTED');
    return identity;
  }
}
