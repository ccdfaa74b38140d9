import { Refusal } from './passport.js';

/**
 * Middleware that lets people through who are signed in, and puts who they are into `request.caller`.
 *
 * @param passport as `passportAt` makes it
 * @param {{strict?: boolean}} options `strict` asks wechat-passport on every request, for routes where a second matters
 */
export function requireUser(passport, { strict = false } = {}) {
  return async (request, _response, next) => {
    const token = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? '')?.[1];
    if (token === undefined) throw new Refusal(401, 'ACCESS_TOKEN_MISSING', 'login-again');
    request.caller = await passport.verify(token);
    if (strict && !(await passport.isActive(token))) throw new Refusal(401, 'ACCESS_TOKEN_INVALID', 'refresh');
    next();
  };
}

/** Answers refusals as `application/problem+json`, with the headers that their status obliges to. */
export function answerRefusals(error, _request, response, next) {
  if (!(error instanceof Refusal)) return next(error);
  const { status, code, remedy } = error;
  if (status === 401) response.set('www-authenticate', 'Bearer');
  if (status === 503) response.set('retry-after', '1');
  const problem = { type: `urn:wechat-passport:error:${code}`, title: code, status, code, remedy };
  response.status(status).type('application/problem+json').send(JSON.stringify(problem));
}
