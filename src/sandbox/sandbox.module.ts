import { Module, type DynamicModule } from '@nestjs/common';
import type { WechatApp } from '../config/settings.js';
import { ApiSecurityConsole } from './api-security/api-security-console.js';
import { ApiSecurityController } from './api-security/api-security.controller.js';
import { ReceivedBodies } from './api-security/received-bodies.js';
import { SealedCalls } from './api-security/sealed-calls.js';
import { ComponentApiController } from './component/component-api.controller.js';
import { ComponentControlController } from './component/component-control.controller.js';
import { PushSender } from './push/push-sender.js';
import { SandboxPushController } from './push/sandbox-push.controller.js';
import { SandboxControlController } from './sandbox-control.controller.js';
import { CONTROL_TOKEN } from './sandbox-control.guard.js';
import { SandboxPhonesController } from './sandbox-phones.controller.js';
import { Sandbox } from './sandbox.js';
import { WechatApiController } from './wechat-api.controller.js';
import { WechatReplies } from './wechat-replies.js';

export interface SandboxOptions {
  /** The mini-programs that exist in this WeChat; the first is meant where none is named. */
  readonly apps: readonly WechatApp[];
  /** What every call of `/sandbox/*` must carry; null leaves them open, for the loopback address only. */
  readonly controlToken: string | null;
}

/** A WeChat of its own: the server API that back ends call, and the routes that play its users. */
@Module({})
export class SandboxModule {
  static forRoot({ apps, controlToken }: SandboxOptions): DynamicModule {
    return {
      module: SandboxModule,
      controllers: [
        WechatApiController,
        ComponentApiController,
        SandboxPhonesController,
        SandboxControlController,
        ComponentControlController,
        SandboxPushController,
        ApiSecurityController,
      ],
      providers: [
        { provide: Sandbox, useValue: new Sandbox(apps) },
        { provide: CONTROL_TOKEN, useValue: controlToken },
        WechatReplies,
        {
          provide: PushSender,
          inject: [Sandbox],
          useFactory: (sandbox: Sandbox) => new PushSender(apps, controlToken !== null, () => sandbox.now()),
        },
        ApiSecurityConsole,
        ReceivedBodies,
        SealedCalls,
      ],
      exports: [Sandbox],
    };
  }
}
