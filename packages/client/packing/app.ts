import { AuthError, createClient, callContainerTransport, type SignInResult } from 'wechat-passport-client';

const client = createClient({ baseURL: 'https://passport.example.com', platform: wx });
createClient({
  baseURL: {
    develop: 'http://localhost:3000',
    trial: 'https://trial.example.com',
    release: 'https://passport.example.com',
  },
  platform: wx,
  transport: callContainerTransport({ cloud: wx.cloud, env: 'prod-1', service: 'passport' }),
});

Page({
  async onLoad() {
    const result: SignInResult = await client.signIn();
    if (result.status === 'unregistered') wx.navigateTo({ url: '/pages/login/index' });
  },
  async onPhone(event: WechatMiniprogram.ButtonGetPhoneNumber) {
    try {
      await client.signInWithPhone(event);
    } catch (error) {
      if (error instanceof AuthError && error.remedy === 'ask-user') wx.showToast({ title: error.message });
    }
  },
  onSteps() {
    wx.getWeRunData({ success: (data) => void client.decrypt<{ stepInfoList: { step: number }[] }>(data) });
  },
});
