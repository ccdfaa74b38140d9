/**
 * Where a request may carry its access token: `Authorization: Bearer …`, the same header with or without the scheme, an
 * `Authentication` or a `sid` header, the cookie `wp_access`.
 */
export const TOKEN_CARRIERS = ['bearer', 'authorization', 'authentication', 'sid', 'cookie'] as const;

export type TokenCarrier = (typeof TOKEN_CARRIERS)[number];
