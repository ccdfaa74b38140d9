import { Pool } from 'undici';

/** Asks WeChat for the openid behind a code, on connections that are kept. */
export class WechatClient {
  #pool;

  constructor(url) {
    this.#pool = new Pool(url, { connections: 64 });
  }

  async openidOf(code) {
    const path = `/sns/jscode2session?appid=bench&secret=bench&js_code=${encodeURIComponent(code)}&grant_type=authorization_code`;
    const { body } = await this.#pool.request({ path, method: 'GET' });
    const { openid } = await body.json();
    if (!openid) throw new Error('WeChat refuses the code');
    return openid;
  }
}
