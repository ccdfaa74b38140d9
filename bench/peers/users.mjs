import { randomUUID } from 'node:crypto';
import { SEEDED_USERS } from './environment.mjs';

/** People and their openids in one table, for peers that bring no users of their own. */
export class Users {
  #pool;

  constructor(pool) {
    this.#pool = pool;
  }

  async create() {
    await this.#pool.query(`create table users (
      id uuid primary key, openid text not null unique, nickname text, session_key text, signed_in_at timestamptz)`);
    await this.#pool.query(
      `insert into users (id, openid, nickname)
       select gen_random_uuid(), 'seed-' || n, '用户' || n from generate_series(1, $1) as n`,
      [SEEDED_USERS],
    );
    await this.#pool.query('vacuum analyze users');
  }

  /** The id of whoever has this openid; somebody new is added. One statement, which also notes the time. */
  async signIn(openid) {
    const { rows } = await this.#pool.query({
      name: 'sign_in_user',
      text: `insert into users (id, openid, signed_in_at) values ($1, $2, now())
             on conflict (openid) do update set signed_in_at = now() returning id`,
      values: [randomUUID(), openid],
    });
    return rows[0].id;
  }

  async find(id) {
    const text = 'select id, nickname, signed_in_at from users where id = $1';
    const { rows } = await this.#pool.query({ name: 'find_user', text, values: [id] });
    return rows[0] ?? null;
  }
}
