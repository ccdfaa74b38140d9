/** SQL that makes the surrounding transaction survive a crash whatever the server's default is. */
export const COMMIT_DURABLY = `set_config('synchronous_commit', 'on', true)`;
