import type { Answer, TestServer } from './test-server.js';

/** Somebody with a username and a password. */
export interface PasswordPerson {
  readonly user: string;
  readonly userId: string;
  readonly username: string;
  readonly password: string;
  /** Of the session that set the password. */
  readonly token: string;
}

/** Signs in by password. */
export function passwordLogin(
  server: TestServer,
  username: string,
  password: string,
  extra: Record<string, unknown> = {},
): Promise<Answer> {
  return server.post('/v1/auth/password/login', { username, password, ...extra });
}

/** Sets a password. */
export function putPassword(server: TestServer, token: string, body: Record<string, unknown>): Promise<Answer> {
  return server.request('PUT', '/v1/users/me/password', { body, token });
}

/** Makes somebody who came by WeChat and has set a password since. */
export async function personWithPassword(server: TestServer, user: string): Promise<PasswordPerson> {
  const { body } = await server.signIn(user);
  const person = { user, userId: body.user.id as string, username: `${user}.name`, password: `pass of ${user} 7!` };
  const token = body.tokens.accessToken as string;
  const { code } = server.wechat.wxLogin(user);
  const answer = await putPassword(server, token, { username: person.username, newPassword: person.password, code });
  expect(answer.status).toBe(204);
  return { ...person, token };
}
