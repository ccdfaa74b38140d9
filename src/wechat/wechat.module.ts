import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { Module } from '@nestjs/common';
import { HttpModule } from '@nestjs/axios';
import { WechatApps } from './wechat-apps.js';
import { WechatHttp } from './wechat-http.js';
import { WechatLogin } from './wechat-login.js';

// WeChat's answers are a few hundred bytes.
const ANSWER_LIMIT_BYTES = 64 * 1024;
const SOCKETS = { keepAlive: true, maxSockets: 64, maxFreeSockets: 16 };

/** What WeChat says. Knows nothing of our users. */
@Module({
  imports: [
    HttpModule.register({
      httpAgent: new HttpAgent(SOCKETS),
      httpsAgent: new HttpsAgent(SOCKETS),
      // A proxy named in the environment would see every AppSecret.
      proxy: false,
      maxRedirects: 0,
      responseType: 'text',
      transformResponse: (data: unknown) => data,
      validateStatus: () => true,
      maxContentLength: ANSWER_LIMIT_BYTES,
    }),
  ],
  providers: [WechatApps, WechatHttp, WechatLogin],
  exports: [WechatApps, WechatLogin],
})
export class WechatModule {}
