import { statement } from '../database/statement.js';

/** Holds a person's row until the transaction ends: no sign-in comes in between, and no other change of who they are. */
export const lockUser = statement<{ id: string }>('lock_user', 'select id from users where id = $1 for update');

/** The same, and answers a row only for a person who may sign in. */
export const lockActiveUser = statement<{ id: string }>(
  'lock_active_user',
  `select id from users where id = $1 and status = 'active' for update`,
);
