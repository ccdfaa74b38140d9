import { get } from '../load/requests.mjs';
import { seededId } from '../seeded-ids.mjs';

// As long as a real one, which nobody looks at here.
const TOKEN = 'x'.repeat(600);

/** How servers are spoken to that answer everybody what the first seeded user got. */
export const protocol = {
  credentialsOf: () => ({ userId: seededId('user', 1) }),
  session: () => get('/v1/auth/session', 'authorization', `Bearer ${TOKEN}`),
};
