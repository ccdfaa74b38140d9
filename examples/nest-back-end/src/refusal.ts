import { Catch, HttpException, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { Response } from 'express';

/**
 * A refusal in the words of wechat-passport, so that its client acts upon the remedy.
 *
 * A token that is not good is answered with `refresh`: whether the session still lives is for wechat-passport to say.
 */
export class Refusal extends HttpException {
  constructor(status: 401 | 404 | 503, code: string, remedy: string) {
    super({ type: `urn:wechat-passport:error:${code}`, title: code, status, code, remedy }, status);
  }
}

export const noToken = () => new Refusal(401, 'ACCESS_TOKEN_MISSING', 'login-again');
export const expiredToken = () => new Refusal(401, 'ACCESS_TOKEN_EXPIRED', 'refresh');
export const badToken = () => new Refusal(401, 'ACCESS_TOKEN_INVALID', 'refresh');
export const passportAway = () => new Refusal(503, 'SERVICE_UNAVAILABLE', 'retry-later');

/** Answers refusals as `application/problem+json`, with the headers that their status obliges to. */
@Catch(Refusal)
export class RefusalFilter implements ExceptionFilter<Refusal> {
  catch(refusal: Refusal, host: ArgumentsHost): void {
    const response = host.switchToHttp().getResponse<Response>();
    if (refusal.getStatus() === 401) response.setHeader('www-authenticate', 'Bearer');
    if (refusal.getStatus() === 503) response.setHeader('retry-after', '1');
    response.status(refusal.getStatus()).type('application/problem+json').send(refusal.getResponse());
  }
}
