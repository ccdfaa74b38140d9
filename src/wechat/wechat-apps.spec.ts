import { secretOf } from './wechat-apps.js';

describe('the AppSecret', () => {
  it('is that of the app', () => {
    expect(secretOf({ appId: 'wx1', secret: 'a-secret' })).toBe('a-secret');
  });

  it('is missing in an app of a third-party platform, and the log says what that means', () => {
    const component = { appId: 'wxplatform', accessToken: 'a-token' };
    expect(() => secretOf({ appId: 'wx1', component })).toThrow(
      expect.objectContaining({
        code: 'WECHAT_MISCONFIGURED',
        context: { appId: 'wx1', reason: expect.stringContaining('third-party platform') },
      }),
    );
  });
});
