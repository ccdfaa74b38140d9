import { SIGNING_KEY } from '../auth/tokens/signing-keys.repository.js';
import { SECRET_KEY } from '../secrets/secret-keys.repository.js';
import type { SealedColumn } from '../secrets/sealed-column.js';
import { USER_PHONE } from '../users/phone-vault.js';
import { PREVIOUS_SESSION_KEY, SESSION_KEY } from '../wechat/session-keys.repository.js';

/** Every column that holds sealed values. */
export const SEALED_COLUMNS: readonly SealedColumn[] = [
  SIGNING_KEY,
  SECRET_KEY,
  SESSION_KEY,
  PREVIOUS_SESSION_KEY,
  USER_PHONE,
];
