import { isTestNumber, maskDigits, maskNumber, readTypedNumber, readWechatNumber } from './phone-number.js';

describe('a phone number', () => {
  it.each([
    ['13800138000', '+8613800138000'],
    ['138 0013 8000', '+8613800138000'],
    ['+86 138-0013-8000', '+8613800138000'],
    ['+1 (206) 666-0001', '+12066660001'],
    ['+44 20 7946 0958', '+442079460958'],
  ])('is read as typed: %s', (typed, e164) => {
    expect(readTypedNumber(typed)).toEqual({ e164 });
  });

  it.each([
    '',
    '1',
    'abc',
    '13800138000x',
    '+',
    '138001380001380013800013800',
    '１３８００１３８０００',
    "1' or 1=1",
    '+999123456789',
  ])('is refused when it can be none: %p', (typed) => {
    expect(readTypedNumber(typed)).toBeNull();
  });

  it('is read as WeChat tells it, country code and number apart', () => {
    expect(readWechatNumber('86', '13800138000')).toEqual({ e164: '+8613800138000' });
    expect(readWechatNumber('852', '51234567')).toEqual({ e164: '+85251234567' });
    expect(readWechatNumber('86', '+13800138000')).toBeNull();
    expect(readWechatNumber('0', '13800138000')).toBeNull();
    expect(readWechatNumber('86', '1')).toBeNull();
  });

  it('is the same number however it was told', () => {
    expect(readTypedNumber('138 0013 8000')).toEqual(readWechatNumber('86', '13800138000'));
  });

  it('is one of the virtual accounts of WeChat only in its four forms', () => {
    expect(isTestNumber({ e164: '+12066600001' })).toBe(true);
    expect(isTestNumber({ e164: '+12066600005' })).toBe(false);
  });

  it.each([
    ['+8613800138000', '138******00'],
    ['+12066600001', '+1 206*****01'],
    ['+85251234567', '+852 51****67'],
  ])('is masked by the rule of WeChat: %s', (e164, masked) => {
    expect(maskNumber({ e164 })).toBe(masked);
  });

  it('hides at least one digit', () => {
    expect(maskDigits('1234')).toBe('12*34');
  });
});
