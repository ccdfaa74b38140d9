// Limit: Fastify that answers every request with the same bytes.
import fastify from 'fastify';

const { PORT, BODY, CONTENT_TYPE } = process.env;
const app = fastify();

app.get('/*', (_request, reply) => reply.type(CONTENT_TYPE).send(BODY));
await app.listen({ port: Number(PORT), host: '127.0.0.1' });
