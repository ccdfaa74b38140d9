/** What WeChat answered; a test reads the fields that its call promises. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- tests state what they expect of it
export type WechatBody = Record<string, any>;

/** A back end of one mini-program that calls a sandbox over HTTP, and the tester who plays with its control routes. */
export class WechatCaller {
  constructor(
    readonly url: string,
    readonly app: { readonly appId: string; readonly secret: string },
  ) {}

  /** An access_token as stable_token gives it. */
  async token(forceRefresh = false): Promise<string> {
    const { appId: appid, secret } = this.app;
    const body = { grant_type: 'client_credential', appid, secret, force_refresh: forceRefresh };
    const { access_token } = await this.send('POST', '/cgi-bin/stable_token', body);
    expect(access_token).toEqual(expect.any(String));
    return access_token as string;
  }

  /** Exchanges a code of `wx.login`. */
  async exchange(code: string): Promise<WechatBody> {
    const { appId: appid, secret } = this.app;
    const query = new URLSearchParams({ appid, secret, js_code: code, grant_type: 'authorization_code' });
    return this.send('GET', `/sns/jscode2session?${query}`);
  }

  /** Calls with a fresh access_token, which may be replaced by naming another. */
  async get(path: string, query: Record<string, string> = {}): Promise<WechatBody> {
    const parameters = new URLSearchParams({ access_token: query['access_token'] ?? (await this.token()), ...query });
    return this.send('GET', `${path}?${parameters}`);
  }

  async post(path: string, body?: unknown, query: Record<string, string> = {}): Promise<WechatBody> {
    const parameters = new URLSearchParams({ access_token: query['access_token'] ?? (await this.token()), ...query });
    return this.send('POST', `${path}?${parameters}`, body);
  }

  /** Calls a control route and expects this status. */
  async control(path: string, body: unknown, { status = 200, method = 'POST' } = {}): Promise<WechatBody> {
    return this.send(method, `/sandbox/${path}`, body, status);
  }

  private async send(method: string, path: string, body?: unknown, status = 200): Promise<WechatBody> {
    const response = await fetch(this.url + path, {
      method,
      headers: body === undefined ? {} : { 'content-type': 'application/json' },
      body: body === undefined ? null : JSON.stringify(body),
    });
    const text = await response.text();
    expect({ status: response.status, text }).toEqual({ status, text });
    return text === '' ? {} : (JSON.parse(text) as WechatBody);
  }
}
