import { passport } from './passport';

/** Signs in, and answers in the names that this app has always used. */
export async function login() {
  const { isNewUser, user } = await passport.signIn();
  const { accessToken } = await passport.getSession();
  return { token: accessToken, userExist: !isNewUser, userInfo: user };
}
