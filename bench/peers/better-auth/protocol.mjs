import { get, postJson } from '../../load/requests.mjs';

const SESSION = '/api/auth/get-session';

export const protocol = {
  signIn: (code) => postJson('/api/auth/sign-in/wechat', { code }),
  signedIn: ({ userId }, head) => (userId ? { userId, cookie: cookiesOf(head) } : null),
  /** From the signed cookie, without a query. */
  session: ({ cookie }) => get(SESSION, 'cookie', cookie),
  /** Reads the session and moves its end; the token stays. */
  refresh: ({ cookie }) => get(`${SESSION}?disableCookieCache=true`, 'cookie', cookie),
  refreshed: (answer, credentials) => (answer?.user?.id === credentials.userId ? credentials : null),
};

function cookiesOf(head = '') {
  return [...head.matchAll(/\r\nset-cookie: ([^;]+)/gi)].map(([, cookie]) => cookie).join('; ');
}
