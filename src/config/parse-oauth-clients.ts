import type { OAuthClient } from './settings.js';

const CLIENT_ID = /^[A-Za-z0-9._-]{1,64}$/;
const SECRET_HASH = /^(?:sha256:)?([0-9a-f]{64})$/i;
const APP_ID = /^[\x21-\x7e]{1,128}$/;
const FIELDS = ['clientId', 'secretHash', 'appIds'];

/**
 * Parses `OAUTH_CLIENTS`, a JSON list of back ends. Adds what is wrong to `problems`, by position and field, never a value.
 *
 * The secret is a long random one (`npm run cli -- clients secret` makes it), so its SHA-256 is safe to keep.
 */
export function parseOAuthClients(text: string, problems: string[]): OAuthClient[] {
  let list: unknown;
  try {
    list = JSON.parse(text);
  } catch {
    list = null;
  }
  if (!Array.isArray(list)) {
    problems.push('OAUTH_CLIENTS: must be a JSON list');
    return [];
  }
  const clients = list.map((entry: unknown, index) => parseClient(entry, `OAUTH_CLIENTS[${index}]`, problems));
  if (new Set(clients.map((client) => client.clientId)).size !== clients.length) {
    problems.push('OAUTH_CLIENTS: every clientId must be listed once');
  }
  return clients;
}

function parseClient(entry: unknown, where: string, problems: string[]): OAuthClient {
  const given = (typeof entry === 'object' && entry !== null ? entry : {}) as Record<string, unknown>;
  const { clientId, secretHash, appIds } = given;
  const hash = typeof secretHash === 'string' ? SECRET_HASH.exec(secretHash)?.[1] : undefined;
  if (typeof clientId !== 'string' || !CLIENT_ID.test(clientId)) {
    problems.push(`${where}.clientId: must be 1 to 64 of A-Z a-z 0-9 . _ -`);
  }
  if (!hash) problems.push(`${where}.secretHash: must be sha256: and 64 hex digits`);
  if (
    !Array.isArray(appIds) ||
    appIds.length === 0 ||
    !appIds.every((id) => typeof id === 'string' && APP_ID.test(id))
  ) {
    problems.push(`${where}.appIds: must be a list of at least one appId`);
  }
  if (Object.keys(given).some((field) => !FIELDS.includes(field))) {
    problems.push(`${where}: has a field other than ${FIELDS.join(', ')}`);
  }
  return { clientId: String(clientId), secretHash: Buffer.from(hash ?? '', 'hex'), appIds: (appIds ?? []) as string[] };
}
