import Taro from '@tarojs/taro';
import { interceptors } from './interceptors';

interceptors.forEach((interceptor) => Taro.addInterceptor(interceptor));

export default function App({ children }) {
  return children;
}
