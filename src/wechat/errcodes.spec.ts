import { ERRCODE_MEANINGS, TOKEN_REFUSALS, AUTHORIZED_APIS, errorOf, outcomeOf } from './errcodes.js';
import { WECHAT_APIS } from './wechat-call.js';

describe('the errcodes of WeChat', () => {
  it('mean one thing each in each call', () => {
    const pairs = ERRCODE_MEANINGS.flatMap(({ errcode, apis }) => apis.map((api) => `${api} ${errcode}`));
    expect(pairs.length).toBeGreaterThan(100);
    expect(pairs.filter((pair, index) => pairs.indexOf(pair) !== index)).toEqual([]);
  });

  it('mean what the call makes of them', () => {
    expect(errorOf('code2session', 40029)).toBe('WECHAT_CODE_REJECTED');
    expect(errorOf('getuserphonenumber', 40029)).toBe('PHONE_CODE_REJECTED');
    expect(errorOf('checksession', 87009)).toBe('SESSION_KEY_STALE');
    expect(errorOf('getuserphonenumber', 87009)).toBe('WECHAT_MISCONFIGURED');
    expect(errorOf('stable_token', 40001)).toBe('WECHAT_MISCONFIGURED');
    for (const api of AUTHORIZED_APIS)
      for (const code of TOKEN_REFUSALS) expect(errorOf(api, code)).toBe('WECHAT_UNAVAILABLE');
  });

  it('that are not known in a call are the operator’s, under one name in the metrics', () => {
    for (const api of WECHAT_APIS) {
      expect(errorOf(api, 99_999)).toBe('WECHAT_MISCONFIGURED');
      expect([outcomeOf(api, 99_999), outcomeOf(api, 0), outcomeOf(api, -1)]).toEqual(['unknown', '0', '-1']);
    }
    expect(outcomeOf('code2session', 87009)).toBe('unknown');
  });

  it('belong to the operator exactly when they are a matter of configuration or of a daily quota', () => {
    for (const { errcode, code, mover } of ERRCODE_MEANINGS) {
      const operators = code === 'WECHAT_MISCONFIGURED' || errcode === 45009;
      expect({ errcode, operators: mover === 'operator' }).toEqual({ errcode, operators });
    }
  });
});
