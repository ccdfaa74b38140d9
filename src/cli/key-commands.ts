import type { INestApplicationContext } from '@nestjs/common';
import { KeyRotation } from '../auth/tokens/key-rotation.js';
import { SigningKeysRepository } from '../auth/tokens/signing-keys.repository.js';
import { Sealer } from '../crypto/sealer.js';
import { Database } from '../database/database.js';
import { resealColumn } from '../secrets/sealed-column.js';
import { SEALED_COLUMNS } from './sealed-columns.js';
import { OPERATOR } from './operator.js';

/** Prints the signing keys that are in use or published. */
export async function listKeys(app: INestApplicationContext): Promise<void> {
  for (const { kid, status, statusSeconds } of await app.get(SigningKeysRepository).load()) {
    console.log(`${kid}  ${status.padEnd(8)}  for ${Math.floor(statusSeconds / 86_400)} days`);
  }
}

/** Puts the next signing key in use, or makes a new key for refresh tokens. */
export async function rotateKeys(app: INestApplicationContext, which: string | undefined): Promise<void> {
  const rotation = app.get(KeyRotation);
  const rotated =
    which === 'refresh' ? await rotation.rotateRefreshKey(OPERATOR) : await rotation.rotateSigningKey(OPERATOR);
  console.log(rotated ? 'Rotated.' : 'Not rotated: the next key was made less than 10 minutes ago, or just rotated.');
  if (!rotated) process.exitCode = 1;
}

/** Makes everything that one signing key signed worthless, at once and everywhere. */
export async function revokeKey(app: INestApplicationContext, kid: string | undefined): Promise<void> {
  const revoked = kid ? await app.get(KeyRotation).revokeSigningKey(kid, OPERATOR) : false;
  console.log(revoked ? 'Revoked. Clients refresh, and get tokens of the next key.' : 'There is no such key.');
  if (!revoked) process.exitCode = 1;
}

/** Seals everything stored with the first of `MASTER_KEYS`. */
export async function resealKeys(app: INestApplicationContext): Promise<void> {
  let total = 0;
  for (const column of SEALED_COLUMNS) {
    const tell = (resealed: number): void => console.log(`${column.table}.${column.column}: ${resealed}`);
    total += await resealColumn(app.get(Database), app.get(Sealer), column, tell);
  }
  console.log(`Resealed ${total}. The other master keys may be removed once this says 0.`);
}
