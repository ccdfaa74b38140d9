import { ApiSecurityCodec } from '../../wechat/api-security/api-security-codec.js';
import { makeAppKeys } from './app-keys.js';
import { openRequest, type SealedRequest } from './sealed-request.js';

const NOW = 1_635_927_954;
const APP_ID = 'wx1';
const URL = 'https://api.weixin.qq.com/wxa/getuserriskrank';
const { keys, download } = makeAppKeys();

/** A request of the server's own making: the other half of the protocol, written apart from this one. */
function sealed(changes: { appId?: string; url?: string; symmetricSn?: string } = {}): SealedRequest {
  const { appId = APP_ID, url = URL, ...others } = changes;
  const codec = new ApiSecurityCodec(appId, { ...download, ...others }, { clock: () => NOW * 1000 });
  const { body, headers } = codec.seal(url, { openid: 'o', scene: 0 });
  const lowerCase = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value] as const);
  return { url: URL, body, headers: Object.fromEntries(lowerCase) };
}

const opened = (request: SealedRequest, now = NOW) => openRequest(APP_ID, keys, request, now);

describe('a sealed request', () => {
  it('opens to what the server put in', () => {
    expect(opened(sealed())).toEqual({ openid: 'o', scene: 0 });
  });

  it.each<[string, Record<string, unknown>, number]>([
    ['no timestamp', { 'wechatmp-timestamp': undefined }, 40231],
    ['no signature', { 'wechatmp-signature': undefined }, 40232],
    ['no appid', { 'wechatmp-appid': undefined }, 40233],
    ['another signature', { 'wechatmp-signature': 'AAAA' }, 40234],
    ['the appid of another app', { 'wechatmp-appid': 'wx2' }, 40237],
    ['another timestamp', { 'wechatmp-timestamp': String(NOW - 1) }, 40234],
    ['a timestamp that is none', { 'wechatmp-timestamp': 'now' }, 40240],
  ])('with %s is refused with an errcode', (_what, changes, errcode) => {
    const request = sealed();
    expect(opened({ ...request, headers: { ...request.headers, ...changes } })).toBe(errcode);
  });

  it('is refused for another call, with other bytes, and sealed with another key', () => {
    expect(opened(sealed({ url: `${URL}2` }))).toBe(40234);
    const request = sealed();
    expect(opened({ ...request, body: `${request.body} ` })).toBe(40234);
    expect(opened(sealed({ symmetricSn: 'other' }))).toBe(40235);
  });

  it('is good for 300 s', () => {
    for (const apart of [-300, 300]) expect(opened(sealed(), NOW + apart)).toHaveProperty('openid');
    for (const apart of [-301, 301]) expect(opened(sealed(), NOW + apart)).toBe(40240);
  });
});
