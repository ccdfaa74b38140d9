/** The images that every mini-program can show. */
export type ImageType = 'image/jpeg' | 'image/png' | 'image/webp' | 'image/gif';

interface Signature {
  readonly type: ImageType;
  /** Latin-1 text at an offset, all of which must be there. */
  readonly marks: readonly (readonly [offset: number, text: string])[];
}

// Source: MIME Sniffing Standard, section 6.1 (image type patterns).
const SIGNATURES: readonly Signature[] = [
  { type: 'image/jpeg', marks: [[0, '\xff\xd8\xff']] },
  { type: 'image/png', marks: [[0, '\x89PNG\r\n\x1a\n']] },
  {
    type: 'image/webp',
    marks: [
      [0, 'RIFF'],
      [8, 'WEBPVP'],
    ],
  },
  { type: 'image/gif', marks: [[0, 'GIF87a']] },
  { type: 'image/gif', marks: [[0, 'GIF89a']] },
];

/** What kind of image begins with these bytes; null when none. Says nothing of whether the rest is an image. */
export function imageTypeOf(bytes: Buffer): ImageType | null {
  const begins = ([offset, text]: readonly [number, string]): boolean =>
    bytes.subarray(offset, offset + text.length).equals(Buffer.from(text, 'latin1'));
  return SIGNATURES.find(({ marks }) => marks.every(begins))?.type ?? null;
}
