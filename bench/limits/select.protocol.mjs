import { get } from '../load/requests.mjs';
import { seededId } from '../seeded-ids.mjs';

/** How the server is spoken to that believes everybody who they are. */
export const protocol = {
  credentialsOf: (user) => ({ userId: seededId('user', user) }),
  me: ({ userId }) => get('/v1/users/me', 'x-user-id', userId),
};
