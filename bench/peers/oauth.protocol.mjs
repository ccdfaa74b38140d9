import { bearer, get, postForm } from '../load/requests.mjs';

export const protocol = {
  signIn: (code) => postForm('/token', { grant_type: 'urn:wechat:code', client_id: 'bench', code }),
  signedIn: credentialsOf,
  refresh: ({ refreshToken }) =>
    postForm('/token', { grant_type: 'refresh_token', client_id: 'bench', refresh_token: refreshToken }),
  refreshed(answer, { refreshToken }) {
    const next = credentialsOf(answer);
    return next && next.refreshToken !== refreshToken ? next : null;
  },
  session: ({ accessToken }) => get('/session', ...bearer(accessToken)),
  me: ({ accessToken }) => get('/me', ...bearer(accessToken)),
};

function credentialsOf({ access_token: accessToken, refresh_token: refreshToken }) {
  return accessToken && refreshToken ? { accessToken, refreshToken } : null;
}
