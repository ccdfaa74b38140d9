import { Text, View } from '@tarojs/components';
import Taro from '@tarojs/taro';
import { useEffect, useState } from 'react';
import { login } from '../../login';
import { readMenu, readOrders } from '../../orders';

export default function Index() {
  const [menu, setMenu] = useState([]);
  const [orders, setOrders] = useState([]);

  useEffect(() => {
    const fail = (error) => Taro.showToast({ title: error.message, icon: 'none' });
    readMenu().then(setMenu, fail);
    login().then(readOrders).then(setOrders).catch(fail);
  }, []);

  return (
    <View>
      {menu.map((item) => (
        <Text key={item}>{item}</Text>
      ))}
      {orders.map(({ item }, index) => (
        <Text key={index}>{item}</Text>
      ))}
    </View>
  );
}
