import { createHash } from 'node:crypto';

const CLIENT = {
  id: 'bench',
  grants: ['refresh_token', 'urn:wechat:code'],
};

const INSERT = `insert into tokens (access_hash, access_expires_at, refresh_hash, refresh_expires_at, user_id)
  values ($1, $2, $3, $4, $5)`;
const FIND = (column) =>
  `select refresh_hash, access_expires_at, refresh_expires_at, user_id from tokens where ${column} = $1`;

/** The model that the library asks for, on named statements. Tokens are kept as hashes, one row for a pair. */
export class Model {
  #pool;

  constructor(pool) {
    this.#pool = pool;
  }

  async create() {
    await this.#pool.query(`create table tokens (
      access_hash bytea primary key, access_expires_at timestamptz not null,
      refresh_hash bytea not null unique, refresh_expires_at timestamptz not null, user_id uuid not null)`);
  }

  async getClient(id) {
    return id === CLIENT.id ? CLIENT : null;
  }

  async saveToken(token, client, user) {
    const { accessToken, accessTokenExpiresAt, refreshToken, refreshTokenExpiresAt } = token;
    const values = [hashOf(accessToken), accessTokenExpiresAt, hashOf(refreshToken), refreshTokenExpiresAt, user.id];
    await this.#pool.query({ name: 'save_token', text: INSERT, values });
    return { ...token, client, user };
  }

  async getAccessToken(accessToken) {
    const text = FIND('access_hash');
    const { rows } = await this.#pool.query({ name: 'find_access', text, values: [hashOf(accessToken)] });
    const [row] = rows;
    if (!row) return null;
    return { accessToken, accessTokenExpiresAt: row.access_expires_at, client: CLIENT, user: { id: row.user_id } };
  }

  async getRefreshToken(refreshToken) {
    const text = FIND('refresh_hash');
    const { rows } = await this.#pool.query({ name: 'find_refresh', text, values: [hashOf(refreshToken)] });
    const [row] = rows;
    if (!row) return null;
    return { refreshToken, refreshTokenExpiresAt: row.refresh_expires_at, client: CLIENT, user: { id: row.user_id } };
  }

  async revokeToken({ refreshToken }) {
    const text = 'delete from tokens where refresh_hash = $1';
    const { rowCount } = await this.#pool.query({ name: 'revoke', text, values: [hashOf(refreshToken)] });
    return rowCount === 1;
  }
}

function hashOf(token) {
  return createHash('sha256').update(token).digest();
}
