import { AuthError } from 'wechat-passport-client';
import { passport } from '../../passport';

interface Order {
  item: string;
}

Page({
  data: { orders: [] as Order[], message: '' },

  /** Waits for the sign-in of the launch where that is still under way, and carries its token. */
  async find() {
    try {
      const { data } = await passport.request<Order[]>({ url: '/v1/orders' });
      this.setData({ orders: data, message: '' });
    } catch (error) {
      this.setData({ message: (error as AuthError).message });
    }
  },
});
