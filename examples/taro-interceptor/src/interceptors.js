const HTTP_FORBIDDEN = 403;

/**
 * Logs what goes and comes, without headers and bodies: they hold tokens.
 *
 * It does not ask `checkSession` before each request: WeChat allows that twice a page view, and a session of ours does not
 * end with WeChat's session_key. It renews no token either: the client does, and repeats the request.
 */
const logInterceptor = (chain) => {
  const { method = 'GET', url } = chain.requestParams;
  return chain.proceed(chain.requestParams).then((response) => {
    console.log(`http ${method} ${url} ${response.statusCode}`);
    return response;
  });
};

/** Every status lands here, as a success. */
const forbiddenInterceptor = (chain) =>
  chain.proceed(chain.requestParams).then((response) => {
    if (response.statusCode === HTTP_FORBIDDEN) console.warn(`not permitted: ${chain.requestParams.url}`);
    return response;
  });

export const interceptors = [logInterceptor, forbiddenInterceptor];
