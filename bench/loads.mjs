/** The loads, in the order of the table. */
export const LOADS = {
  session: 'Guarded GET without a query (/v1/auth/session)',
  me: 'Guarded GET with a database read (/v1/users/me)',
  refresh: 'Refresh with rotation, each connection from its own previous answer',
  signin: 'Sign-in of a known user, WeChat answering at once',
  signup: 'Sign-in of a new user, WeChat answering at once',
};
