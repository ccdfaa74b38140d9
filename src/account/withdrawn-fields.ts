import type { ProfileField } from '../users/identity-withdrawal.repository.js';

// RevokeInfo of user_authorization_revoke: 6 nickname and avatar, 8 phone, 19 keyboard nickname, 20 avatar component. The
// others (plate, address, invoice, bluetooth, microphone, camera, steps, location, album, file, e-mail) are not kept here.
const BY_REVOKE_INFO: ReadonlyMap<string, readonly ProfileField[]> = new Map<string, readonly ProfileField[]>([
  ['6', ['nickname', 'avatar']],
  ['8', ['phone']],
  ['19', ['nickname']],
  ['20', ['avatar']],
]);

/** The fields of a profile that a `RevokeInfo` takes back; it may list several, however separated. */
export function withdrawnFields(revokeInfo: string): ProfileField[] {
  const codes = revokeInfo.match(/\d+/g) ?? [];
  return [...new Set(codes.flatMap((code) => BY_REVOKE_INFO.get(code) ?? []))];
}
