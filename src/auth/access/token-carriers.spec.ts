import { TOKEN_CARRIERS, type TokenCarrier } from '../../config/token-carriers.js';
import type { TokenSettings } from '../../config/settings.js';
import { TokenCarriers, type RequestWithToken } from './token-carriers.js';

type Headers = RequestWithToken['headers'];

const taking = (...carriers: TokenCarrier[]) => new TokenCarriers({ carriers } as unknown as TokenSettings);

/** The token that is found, or the code of the refusal. */
function found(carriers: readonly TokenCarrier[], headers: Headers, method = 'GET'): string | null {
  try {
    return taking(...carriers).tokenOf({ method, headers });
  } catch (error) {
    return (error as { code: string }).code;
  }
}

describe.each<[TokenCarrier, (token: string) => Headers]>([
  ['bearer', (token) => ({ authorization: `Bearer ${token}` })],
  ['authorization', (token) => ({ authorization: token })],
  ['authentication', (token) => ({ authentication: token })],
  ['sid', (token) => ({ sid: token })],
  ['cookie', (token) => ({ cookie: `theme=dark; wp_access=${token}` })],
])('the carrier %s', (carrier, headers) => {
  const others = TOKEN_CARRIERS.filter((other) => other !== carrier && other !== 'authorization');

  it('is looked at when it is enabled, alone or among all', () => {
    expect(found([carrier], headers('a.b.c'))).toBe('a.b.c');
    expect(found(TOKEN_CARRIERS, headers('a.b.c'))).toBe('a.b.c');
  });

  it('is not looked at when others are', () => {
    expect(found(others, headers('a.b.c'))).toBeNull();
  });

  it('carries nothing when it is empty or missing', () => {
    expect(found([carrier], headers(''))).toBeNull();
    expect(found([carrier], {})).toBeNull();
    expect(found(TOKEN_CARRIERS, {})).toBeNull();
  });
});

describe('the Authorization header', () => {
  it.each([
    ['a.b.c', 'a.b.c'],
    ['Bearer a.b.c', 'a.b.c'],
    ['bearer   a.b.c', 'a.b.c'],
    ['Bearer', null],
    ['Basic YTpi', null],
    ['DPoP a.b.c', null],
    ['a.b.c d.e.f', null],
  ])('%j without a scheme carries %j', (authorization, token) => {
    expect(found(['authorization'], { authorization })).toBe(token);
  });

  it('counts once where both of its readings are enabled', () => {
    expect(found(['bearer', 'authorization'], { authorization: 'Bearer a.b.c' })).toBe('a.b.c');
    expect(found(['bearer', 'authorization'], { authorization: 'a.b.c' })).toBe('a.b.c');
  });
});

describe('the other headers', () => {
  it('may have the scheme in Authentication', () => {
    expect(found(['authentication'], { authentication: 'Bearer a.b.c' })).toBe('a.b.c');
    expect(found(['authentication'], { authentication: 'Bearer' })).toBeNull();
  });

  it('carry two values of one name as what they are, no token, which disagrees with a good one', () => {
    const headers = { authentication: 'a.b.c, d.e.f' };
    expect(found(['authentication'], headers)).toBe('a.b.c, d.e.f');
    const both = { ...headers, authorization: 'Bearer a.b.c' };
    expect(found(['bearer', 'authentication'], both)).toBe('ACCESS_TOKEN_INVALID');
  });
});

describe('the cookie', () => {
  it.each([
    ['a Set-Cookie that was stored whole and sent back', 'wp_access=a.b.c; Path=/; HttpOnly; Max-Age=7200', 'a.b.c'],
    ['the same value twice', 'wp_access=a.b.c; wp_access=a.b.c', 'a.b.c'],
    ['another value of another host of the site', 'wp_access=a.b.c; wp_access=d.e.f', 'ACCESS_TOKEN_INVALID'],
    ['an empty one beside it', 'wp_access=; wp_access=a.b.c', 'ACCESS_TOKEN_INVALID'],
    ['names that only look like it', 'xwp_access=a.b.c; wp_access2=a; WP_ACCESS=a; wp_access', null],
    ['quotes, which we never send', 'wp_access="a.b.c"', '"a.b.c"'],
    ['equal signs', 'wp_access=a=b=', 'a=b='],
    ['nothing but separators', ';;; ;=;', null],
  ])('is read with %s', (_what, cookie, token) => {
    expect(found(['cookie'], { cookie })).toBe(token);
  });

  const cookie = 'wp_access=a.b.c';
  const json = 'application/json';

  it.each([
    ['POST', json, 'a.b.c'],
    ['POST', 'Application/JSON ; charset=utf-8', 'a.b.c'],
    ['PUT', json, 'a.b.c'],
    ['GET', undefined, 'a.b.c'],
    ['HEAD', undefined, 'a.b.c'],
    ['DELETE', undefined, 'a.b.c'],
    ['POST', undefined, 'FORBIDDEN'],
    ['POST', '', 'FORBIDDEN'],
    ['POST', 'text/plain', 'FORBIDDEN'],
    ['POST', 'text/plain; application/json', 'FORBIDDEN'],
    ['POST', 'application/jsonp', 'FORBIDDEN'],
    ['POST', 'application/x-www-form-urlencoded', 'FORBIDDEN'],
    ['POST', 'multipart/form-data; boundary=application/json', 'FORBIDDEN'],
    ['PUT', 'text/plain', 'FORBIDDEN'],
    ['PATCH', undefined, 'FORBIDDEN'],
  ])('alone, with %s and content type %j, gives %s', (method, type, token) => {
    expect(found(['bearer', 'cookie'], { cookie, 'content-type': type }, method)).toBe(token);
  });

  it('asks for no content type beside a header with the same token, which no browser adds by itself', () => {
    const headers = { cookie, authorization: 'Bearer a.b.c', 'content-type': 'multipart/form-data; boundary=x' };
    expect(found(['bearer', 'cookie'], headers, 'POST')).toBe('a.b.c');
  });
});

describe('several carriers', () => {
  const three = { authorization: 'Bearer a.b.c', sid: 'a.b.c', cookie: 'wp_access=a.b.c' };

  it('may carry the same token', () => {
    expect(found(TOKEN_CARRIERS, three)).toBe('a.b.c');
  });

  it.each(['authorization', 'sid', 'cookie'])('carry none when %s says another', (name) => {
    const headers = { ...three, [name]: three[name as 'sid'].replace('a.b.c', 'd.e.f') };
    expect(found(TOKEN_CARRIERS, headers)).toBe('ACCESS_TOKEN_INVALID');
  });

  it('are not compared with those that are not enabled', () => {
    expect(found(['bearer'], { ...three, sid: 'd.e.f', cookie: 'wp_access=x; wp_access=y' })).toBe('a.b.c');
  });

  it('tell when the cookie was the only one', () => {
    const carriers = taking('bearer', 'sid', 'cookie');
    const request = (headers: Headers): RequestWithToken => ({ method: 'GET', headers });
    expect(carriers.isByCookie(request({ cookie: three.cookie }))).toBe(true);
    expect(carriers.isByCookie(request(three))).toBe(false);
    expect(taking('bearer').isByCookie(request({ cookie: three.cookie }))).toBe(false);
  });
});
