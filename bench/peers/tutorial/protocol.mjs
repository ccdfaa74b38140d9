import { bearer, get, postJson } from '../../load/requests.mjs';

export const protocol = {
  signIn: (code) => postJson('/auth/login', { code }),
  signedIn: credentialsOf,
  refresh: ({ refreshToken }) => postJson('/auth/refresh', { refreshToken }),
  refreshed(answer, { refreshToken }) {
    const next = credentialsOf(answer);
    return next && next.refreshToken !== refreshToken ? next : null;
  },
  session: ({ accessToken }) => get('/auth/session', ...bearer(accessToken)),
  me: ({ accessToken }) => get('/users/me', ...bearer(accessToken)),
};

function credentialsOf({ userId, accessToken, refreshToken }) {
  return userId && accessToken && refreshToken ? { userId, accessToken, refreshToken } : null;
}
