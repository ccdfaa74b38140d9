/** What a peer is told when it is started. */
export const { PORT, DATABASE_URL, WECHAT_URL } = process.env;
export const POOL_SIZE = Number(process.env.POOL_SIZE);
/** So many people, with the openids seed-1, seed-2 and so on, are known before anybody signs in. */
export const SEEDED_USERS = Number(process.env.SEEDED_USERS);
export const ACCESS_TOKEN_SECONDS = 7200;
export const REFRESH_TOKEN_SECONDS = 30 * 86_400;
