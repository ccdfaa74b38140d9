import { Injectable } from '@nestjs/common';
import { AppError } from '../../errors/app-error.js';
import { Sandbox } from '../sandbox.js';
import type { WechatAnswer } from '../wechat-answer.js';
import {
  downloadOf,
  makeAppKeys,
  makePlatformKey,
  type AppKeys,
  type AppKeysDownload,
  type CertificateDownload,
} from './app-keys.js';
import { sealAnswer, type AnswerFor, type Forgery, type SealedAnswer } from './sealed-answer.js';

interface SecuredApp {
  readonly keys: AppKeys;
  readonly forgeries: Forgery[];
  /** The last answer that was sealed as it should be, for replays. */
  lastAnswer: SealedAnswer | null;
}

/** The page of WeChat's console where API security is set up, and the keys that come of it. */
@Injectable()
export class ApiSecurityConsole {
  private readonly apps = new Map<string, SecuredApp>();

  constructor(private readonly sandbox: Sandbox) {}

  /**
   * Turns API security on with new keys: from now on the app's calls must be sealed.
   *
   * @throws AppError WECHAT_APP_UNKNOWN
   */
  turnOn(appId: string): AppKeysDownload {
    this.sandbox.requireApp(appId);
    const { keys, download } = makeAppKeys();
    this.apps.set(appId, { keys, forgeries: [], lastAnswer: null });
    return download;
  }

  turnOff(appId: string): void {
    this.apps.delete(appId);
  }

  /**
   * Makes WeChat's next signing key. Until `endRotation` its answers carry a signature of the old one too.
   *
   * @throws AppError NOT_FOUND
   */
  beginRotation(appId: string): CertificateDownload {
    const { keys } = this.getApp(appId);
    keys.deprecatedKey = keys.platformKey;
    keys.platformKey = makePlatformKey();
    return downloadOf(keys.platformKey);
  }

  /** @throws AppError NOT_FOUND */
  endRotation(appId: string): void {
    this.getApp(appId).keys.deprecatedKey = null;
  }

  /**
   * Has one of the next answers forged; several wait for their turn.
   *
   * @throws AppError NOT_FOUND
   */
  forge(appId: string, forgery: Forgery): void {
    this.getApp(appId).forgeries.push(forgery);
  }

  /** The keys of an app that must seal its calls; null for all others. */
  keysOf(appId: string): AppKeys | null {
    return this.apps.get(appId)?.keys ?? null;
  }

  /** Seals an answer, or makes the forgery that waits. */
  seal(answer: WechatAnswer, target: AnswerFor): SealedAnswer {
    const app = this.getApp(target.appId);
    const forgery = app.forgeries.shift() ?? null;
    if (forgery === 'clear') return { headers: {}, body: JSON.stringify(answer) };
    if (forgery === 'replay' && app.lastAnswer) return app.lastAnswer;
    const sealed = sealAnswer(answer, app.keys, target, forgery);
    if (forgery === null) app.lastAnswer = sealed;
    return sealed;
  }

  private getApp(appId: string): SecuredApp {
    const app = this.apps.get(appId);
    if (!app) throw new AppError('NOT_FOUND');
    return app;
  }
}
