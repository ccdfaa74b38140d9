import type { User } from 'wechat-passport-client';
import { passport } from './passport';

export interface ShopApp {
  globalData: { user: User | null };
}

App<ShopApp>({
  globalData: { user: null },

  /** Hears who it is, when the launch has shown it and whenever that changes. Nobody has to wait for it. */
  onLaunch() {
    passport.onAuthStateChange((_event, session) => {
      this.globalData.user = session && session.user;
    });
  },
});
