import * as sdk from 'wechat-passport-client';
import { MiniProgram, type PhoneGlobals } from './mini-program.js';
import { openServerKey, signToken } from './signing.js';
import type { TestServer } from './test-server.js';
import type { WxRequest } from './wx-runtime/phone-http.js';
import type { WxCallbacks } from './wx-runtime/wx-network.js';
import { taroOf, type Framework } from './wx-runtime/frameworks.js';
import type { WxPhone } from './wx-runtime/wx-phone.js';

// Where the examples believe the server to be.
const PRINTED_URL = 'http://127.0.0.1:3000';

type RequestOptions = WxRequest & WxCallbacks;

/** A request of a phone, and how it was answered. */
export interface AnsweredRequest {
  /** `METHOD /path`. */
  readonly route: string;
  readonly status: number;
  /** By names in lower case. */
  readonly header: Readonly<Record<string, string>>;
  readonly data: unknown;
}

/** A phone whose network leads to the test's server. */
export class FlowPhone {
  /** The requests that were answered. */
  readonly answered: AnsweredRequest[] = [];
  /** What the screen said in passing. */
  readonly toasts: string[] = [];
  /** What the app wrote to its console. */
  readonly console: string[] = [];
  /** The titles of the dialogues. */
  readonly dialogues: string[] = [];

  constructor(
    private readonly server: TestServer,
    /** The person's part: `settings`, `agrees`, `location`, the phone button. */
    readonly wechat: WxPhone,
  ) {
    wechat.envVersion = 'develop';
    wechat.net.network = async (request, carry) => {
      const { method = 'GET', url, header = {}, data } = request;
      const response = await carry();
      const route = `${request.kind === 'uploadFile' ? 'POST' : method} ${new URL(url).pathname}`;
      this.answered.push({ route, status: response.statusCode, header: lowerCased(header), data });
      return response;
    };
  }

  /** Starts the app anew; what is stored has stayed. */
  launch(folder: string, route?: string): Promise<MiniProgram> {
    return MiniProgram.launch(folder, this.globals, { 'wechat-passport-client': sdk }, route);
  }

  /** Loads modules of a project without starting it; in a Taro project with what Taro makes of this phone. */
  modules(folder: string, taro?: Framework) {
    const packages = { 'wechat-passport-client': sdk, '@tarojs/taro': { __esModule: true, default: taro } };
    return MiniProgram.modules(folder, this.globals, packages);
  }

  taro(): Framework {
    return taroOf({ wx: this.wx } as WxPhone);
  }

  /** The routes that were asked, and how they answered, since the last time. */
  takeAnswered(): [string, number][] {
    return this.answered.splice(0).map(({ route, status }) => [route, status]);
  }

  /** What an app has stored. */
  stored(): string {
    return JSON.stringify([...this.wechat.storage]);
  }

  /** Two hours pass: the access token that is stored has ended. */
  async expireAccessToken(): Promise<void> {
    const token = this.accessToken();
    const claims = JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString()) as object;
    const now = Math.floor(Date.now() / 1000);
    const expired = await signToken(await openServerKey(this.server), { ...claims, iat: now - 7201, exp: now - 1 });
    for (const [key, text] of this.wechat.storage) this.wechat.storage.set(key, text.replaceAll(token, expired));
  }

  /** The access token that is stored. */
  accessToken(): string {
    const [token] = /eyJ[\w-]+\.[\w-]+\.[\w-]+/.exec(this.stored()) ?? [];
    if (token === undefined) throw new Error('no access token is stored');
    return token;
  }

  /** The refresh token that is stored. */
  refreshToken(): string {
    const [, token] = /refreshToken[\\"]+:[\\"]+([\w-]+)/.exec(this.stored()) ?? [];
    if (token === undefined) throw new Error('no refresh token is stored');
    return token;
  }

  /** `wx`, as the mini-program sees it. */
  get wx(): object {
    const { wx } = this.wechat;
    return {
      ...wx,
      request: (options: RequestOptions) => wx.request(this.redirected(options)),
      uploadFile: (options: RequestOptions) => wx.uploadFile(this.redirected(options)),
      showModal: (options: WxCallbacks & { title: string }) => {
        this.dialogues.push(options.title);
        return wx.showModal(options);
      },
      showToast: ({ title }: { title: string }) => void this.toasts.push(title),
      getWeRunData: async () => this.wechat.encrypted('weRunData'),
      saveImageToPhotosAlbum: async () => ({ errMsg: 'saveImageToPhotosAlbum:ok' }),
    };
  }

  private get globals(): PhoneGlobals {
    const write = (...words: unknown[]) => void this.console.push(words.join(' '));
    return { wx: this.wx, console: { log: write, warn: write, error: write } };
  }

  private redirected(options: RequestOptions): RequestOptions {
    return { ...options, url: options.url.replace(PRINTED_URL, this.server.url) };
  }
}

function lowerCased(header: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(header).map(([name, value]) => [name.toLowerCase(), value]));
}
