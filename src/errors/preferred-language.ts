export type Language = 'en' | 'zh-CN';

/**
 * Picks the language of an answer from an `Accept-Language` header (RFC 9110 section 12.5.4).
 *
 * English when the header is absent or names neither language. Every Chinese tag counts as zh-CN.
 */
export function preferredLanguage(header: string | undefined): Language {
  if (!header) return 'en';
  let best: { language: Language; weight: number } = { language: 'en', weight: 0 };
  for (const range of header.slice(0, 256).split(',')) {
    const [tag = '', ...parameters] = range.trim().toLowerCase().split(';');
    const language = tag.startsWith('zh') ? 'zh-CN' : tag.startsWith('en') ? 'en' : null;
    if (!language) continue;
    const quality = parameters.map((parameter) => parameter.trim()).find((parameter) => parameter.startsWith('q='));
    const weight = quality ? Number(quality.slice(2)) : 1;
    if (weight > best.weight) best = { language, weight };
  }
  return best.language;
}
