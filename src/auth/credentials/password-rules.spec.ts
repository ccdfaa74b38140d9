import { normalisePassword, readNewPassword } from './password-rules.js';

describe('a new password', () => {
  it.each([
    'correct horse battery staple',
    '密码密码密码密码密码',
    '        x',
    'ＦＵＬＬ－ＷＩＤＴＨ',
    '😀😀😀😀😁😁😁😁',
  ])('may be %s', (text) => {
    expect(readNewPassword(text, 'alice')).toBe(text.normalize('NFKC'));
  });

  it.each([
    ['short', '1234567'],
    ['short in its normal form', 'é'.normalize('NFD').repeat(7)],
    ['common', '1234567890'],
    ['common in capitals', 'PassWord123'],
    ['common in full width', 'ｐａｓｓｗｏｒｄ１２３'],
    ['one character throughout', 'zzzzzzzzzzzz'],
    ['one character beyond the BMP', '😀'.repeat(9)],
    ['the username', 'Alice-In-Wonderland'],
  ])('may not be %s', (_what, text) => {
    expect(() => readNewPassword(text, 'alice-in-wonderland')).toThrow(
      expect.objectContaining({ code: 'VALIDATION_FAILED', detail: expect.stringMatching(/^newPassword: /) }),
    );
  });

  it('is the same whether accents were typed in one piece or two', () => {
    expect(normalisePassword('caf\u0065\u0301-au-lait')).toBe(normalisePassword('caf\u00e9-au-lait'));
  });
});
