// Limit: Fastify with one named select through pg, on the server's own tables; nobody is asked who they are.
import fastify from 'fastify';
import pg from 'pg';

const { PORT, DATABASE_URL, POOL_SIZE } = process.env;
const pool = new pg.Pool({ connectionString: DATABASE_URL, max: Number(POOL_SIZE) });
const app = fastify();

const FIND_PROFILE = `select u.id, u.nickname, u.avatar_url, u.created_at,
  (select coalesce(json_agg(json_build_object('id', i.id, 'kind', i.kind, 'issuer', i.issuer) order by i.created_at, i.id), '[]')
     from identities i where i.user_id = u.id) as identities
  from users u where u.id = $1`;

const nullableText = { type: 'string', nullable: true };
const identity = {
  type: 'object',
  properties: { id: { type: 'string' }, kind: { type: 'string' }, appId: nullableText },
};
const properties = {
  id: { type: 'string' },
  nickname: nullableText,
  avatarUrl: nullableText,
  phone: nullableText,
  identities: { type: 'array', items: identity },
  createdAt: { type: 'string' },
};
const options = { schema: { response: { 200: { type: 'object', properties } } } };

app.get('/healthz', async () => 'ok');
app.get('/v1/users/me', options, async (request) => {
  const userId = request.headers['x-user-id'];
  const { rows } = await pool.query({ name: 'find_profile', text: FIND_PROFILE, values: [userId] });
  const [row] = rows;
  return {
    id: row.id,
    nickname: row.nickname,
    avatarUrl: row.avatar_url,
    phone: null,
    identities: row.identities.map(({ id, kind, issuer }) => ({ id, kind, appId: issuer })),
    createdAt: row.created_at.toISOString(),
  };
});
await app.listen({ port: Number(PORT), host: '127.0.0.1' });
