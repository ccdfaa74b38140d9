import { validateSync } from 'class-validator';
import fc from 'fast-check';
import { IsPlainText, isPlainText } from './is-plain-text.js';

describe('plain text', () => {
  it.each([
    'a',
    'iPhone 15 Pro',
    '小明的手机',
    'Zoë’s phone',
    '👩‍👩‍👧 phone',
    'عربي',
    ' ',
    'x'.repeat(64),
    '𠮷'.repeat(64),
  ])('is %j', (text) => {
    expect(isPlainText(text, 1, 64)).toBe(true);
  });

  it.each<[string, string]>([
    ['NUL', '\0'],
    ['a line feed', '\n'],
    ['a tab', '\t'],
    ['ESC', '\u001b'],
    ['DEL', '\u007f'],
    ['a C1 control', '\u0085'],
    ['half of a surrogate pair', '\ud83d'],
    ['the other half', '\ude00'],
    ['the halves the wrong way round', '\ude00\ud83d'],
    ['a line separator', '\u2028'],
    ['a change of reading direction', '\u202e'],
    ['an isolate', '\u2066'],
    ['private use', '\ue000'],
    ['private use beyond the BMP', '\u{100000}'],
  ])('holds no %s', (_what, text) => {
    expect(isPlainText(text, 1, 64)).toBe(false);
    expect(isPlainText(`a${text}b`, 1, 64)).toBe(false);
  });

  it.each<[unknown]>([[undefined], [null], [1], [true], [['a']], [{ length: 1 }], [new String('a')]])(
    'is not %p',
    (value) => {
      expect(isPlainText(value, 1, 64)).toBe(false);
    },
  );

  it('counts characters, not UTF-16 units', () => {
    expect(isPlainText('', 1, 3)).toBe(false);
    expect(isPlainText('', 0, 3)).toBe(true);
    expect(isPlainText('𠮷𠮷𠮷', 1, 3)).toBe(true);
    expect(isPlainText('𠮷𠮷𠮷𠮷', 1, 3)).toBe(false);
    expect(isPlainText('abcd', 1, 3)).toBe(false);
    expect(isPlainText('𠮷', 2, 3)).toBe(false);
  });

  it('never holds what PostgreSQL or a log line cannot carry', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 8 }), (units) => {
        const text = String.fromCharCode(...units);
        fc.pre(isPlainText(text, 0, 8));
        // Lone surrogates do not survive UTF-8.
        expect(Buffer.from(text, 'utf8').toString('utf8')).toBe(text);

        expect(text).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/);
      }),
    );
  });

  it('is a rule for a field, whose message names the limits and not the value', () => {
    class Device {
      @IsPlainText(1, 5)
      name: unknown;
    }
    const device = new Device();
    device.name = 'a name too long';
    const [error] = validateSync(device);
    expect(error?.constraints).toEqual({
      isPlainText: 'name must be text of 1 to 5 characters without control characters',
    });
    device.name = 'fits';
    expect(validateSync(device)).toEqual([]);
  });
});
