import { passport } from './passport';

/** A route without a guard. */
export const readMenu = () => passport.request({ url: '/v1/orders/menu', auth: 'open' }).then(({ data }) => data);

/** Guarded: somebody has to be signed in. */
export const readOrders = () => passport.request({ url: '/v1/orders' }).then(({ data }) => data);

/** Guarded by a role: for staff only. */
export const readAllOrders = () => passport.request({ url: '/v1/orders/all' }).then(({ data }) => data);
