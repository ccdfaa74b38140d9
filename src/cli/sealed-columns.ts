import { SIGNING_KEY } from '../auth/tokens/signing-keys.repository.js';
import { SECRET_KEY } from '../secrets/secret-keys.repository.js';
import type { SealedColumn } from '../secrets/sealed-column.js';
import { MERGE_TICKET_PHONE } from '../users/merge-tickets.repository.js';
import { MERGE_UNDO } from '../users/merge-undo.js';
import { USER_PHONE } from '../users/phone-vault.js';
import { ACCESS_TOKEN } from '../wechat/access-tokens.repository.js';
import { PREVIOUS_SESSION_KEY, SESSION_KEY } from '../wechat/session-keys.repository.js';

/** Every column that holds sealed values. */
export const SEALED_COLUMNS: readonly SealedColumn[] = [
  SIGNING_KEY,
  SECRET_KEY,
  SESSION_KEY,
  PREVIOUS_SESSION_KEY,
  USER_PHONE,
  MERGE_TICKET_PHONE,
  MERGE_UNDO,
  ACCESS_TOKEN,
];
