import { bearer, get, postJson } from '../load/requests.mjs';

/** How wechat-passport is spoken to. */
export const protocol = {
  signIn: (code) => postJson('/v1/auth/wechat/login', { code }),
  signedIn({ status, user, tokens }) {
    return status === 'signed_in' ? credentialsOf(user.id, tokens) : null;
  },
  refresh: ({ refreshToken }) => postJson('/v1/auth/refresh', { refreshToken }),
  refreshed(tokens, { userId, refreshToken }) {
    const next = credentialsOf(userId, tokens);
    return next && next.refreshToken !== refreshToken ? next : null;
  },
  session: ({ accessToken }) => get('/v1/auth/session', ...bearer(accessToken)),
  me: ({ accessToken }) => get('/v1/users/me', ...bearer(accessToken)),
};

function credentialsOf(userId, { accessToken, refreshToken }) {
  return accessToken && refreshToken ? { userId, accessToken, refreshToken } : null;
}
