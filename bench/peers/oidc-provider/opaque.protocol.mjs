import { bearer, get } from '../../load/requests.mjs';
import { protocol as oauth } from '../oauth.protocol.mjs';

/** What a token is worth is asked at oidc-provider's userinfo, which is at /me. */
export const protocol = { ...oauth, session: ({ accessToken }) => get('/me', ...bearer(accessToken)) };
