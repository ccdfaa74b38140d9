/** Makes the adapter class that oidc-provider asks for: one table a model, payloads as JSON, named statements. */
export function adapterOn(pool) {
  return class PostgresAdapter {
    constructor(model) {
      this.model = model;
      this.table = tableOf(model);
    }

    async upsert(id, payload, expiresIn) {
      await this.#query(
        'upsert',
        `insert into ${this.table} (id, payload, grant_id, expires_at)
         values ($1, $2, $3, now() + make_interval(secs => $4))
         on conflict (id) do update set payload = excluded.payload, expires_at = excluded.expires_at`,
        [id, JSON.stringify(payload), payload.grantId ?? null, expiresIn ?? null],
      );
    }

    async find(id) {
      const { rows } = await this.#query(
        'find',
        `select payload, extract(epoch from consumed_at)::int as consumed from ${this.table}
         where id = $1 and (expires_at is null or expires_at > now())`,
        [id],
      );
      const [row] = rows;
      return row && { ...row.payload, ...(row.consumed === null ? {} : { consumed: row.consumed }) };
    }

    async consume(id) {
      await this.#query('consume', `update ${this.table} set consumed_at = now() where id = $1`, [id]);
    }

    async destroy(id) {
      await this.#query('destroy', `delete from ${this.table} where id = $1`, [id]);
    }

    async revokeByGrantId(grantId) {
      await this.#query('revoke', `delete from ${this.table} where grant_id = $1`, [grantId]);
    }

    #query(name, text, values) {
      return pool.query({ name: `${name}_${this.table}`, text, values });
    }
  };
}

const MODELS = ['Grant', 'AccessToken', 'RefreshToken'];

/** Makes the tables of the models that this configuration stores. */
export async function createTables(pool) {
  for (const table of MODELS.map(tableOf)) {
    await pool.query(`create table ${table} (
      id text primary key, payload json not null, grant_id text, expires_at timestamptz, consumed_at timestamptz)`);
    await pool.query(`create index on ${table} (grant_id)`);
  }
}

function tableOf(model) {
  return `oidc_${model.toLowerCase()}s`;
}
