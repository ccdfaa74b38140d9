import fc from 'fast-check';
import { preferredLanguage } from './preferred-language.js';

describe('preferredLanguage', () => {
  it.each<[string | undefined]>([
    [undefined],
    [''],
    ['*'],
    ['en'],
    ['en-GB'],
    ['EN-us'],
    ['en,zh'],
    ['en;q=0.8,zh-CN;q=0.8'],
    ['zh;q=0.5,en;q=0.6'],
    ['fr-FR,de;q=0.9'],
    ['zh;q=0'],
    ['zh;q=0.000,fr'],
    ['zh;q=nonsense'],
    ['zh;q='],
    ['zh;q=-1'],
    [',;,=;q'],
  ])('is English for %j', (header) => {
    expect(preferredLanguage(header)).toBe('en');
  });

  it.each([
    'zh',
    'zh-CN',
    'zh-cn',
    'ZH-Hans-CN',
    'zh-TW',
    'zh_CN',
    // What wx.request sends.
    'zh-CN,zh;q=0.9',
    'zh,en',
    'en;q=0.3,zh;q=0.9',
    'en ; q=0.3 , zh ; q=0.9',
    'en;q=0.3, zh;level=1;q=0.9',
    'fr,zh;q=0.1',
    'en;q=0,zh;q=0.1',
    'zh;Q=0.9,en;q=0.8',
  ])('is Chinese for %j', (header) => {
    expect(preferredLanguage(header)).toBe('zh-CN');
  });

  it('reads only the beginning of an endless header', () => {
    expect(preferredLanguage(`${'fr,'.repeat(100)}zh`)).toBe('en');
    expect(preferredLanguage(`zh,${'fr,'.repeat(1_000_000)}`)).toBe('zh-CN');
  });

  it('knows two languages, whatever it is sent', () => {
    const pieces = fc.constantFrom('zh', 'en', 'fr', '-', ',', ';', 'q=', '=', '0.5', '1', ' ', '*', '\t', '国');
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 30 }), (parts) => {
        expect(['en', 'zh-CN']).toContain(preferredLanguage(parts.join('')));
      }),
    );
  });
});
