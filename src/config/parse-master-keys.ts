import type { MasterKey } from '../crypto/sealer.js';

const ENTRY = /^([A-Za-z0-9_-]{1,32}):([A-Za-z0-9+/]{43}=)$/;

/** Parses `MASTER_KEYS`: `id:base64(32 bytes)`, comma-separated. Adds what is wrong to `problems`, never a value. */
export function parseMasterKeys(text: string, problems: string[]): MasterKey[] {
  const keys = text.split(',').map((entry, index): MasterKey | null => {
    const match = ENTRY.exec(entry.trim());
    if (!match) {
      problems.push(`MASTER_KEYS: entry ${index + 1} must be id:base64 of exactly 32 bytes`);
      return null;
    }
    const [, id, secret] = match as unknown as [string, string, string];
    return { id, secret: Buffer.from(secret, 'base64') };
  });
  const valid = keys.filter((key) => key !== null);
  if (new Set(valid.map((key) => key.id)).size !== valid.length) {
    problems.push('MASTER_KEYS: every id must be used once');
  }
  return valid;
}
