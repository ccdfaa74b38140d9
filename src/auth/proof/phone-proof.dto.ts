import type { PhoneProof } from '../../wechat/wechat-phones.js';
import { EncryptedPhoneField, EncryptedPhoneIvField, PhoneCodeField } from './phone-proof-fields.js';

/** What the phone button gave: a code, or encrypted data and iv from an old base library. */
export class PhoneProofDto {
  @PhoneCodeField('code')
  readonly code?: string;

  @EncryptedPhoneField('code')
  readonly encryptedData?: string;

  @EncryptedPhoneIvField()
  readonly iv?: string;
}

/** The proof that a checked body holds. */
export function phoneProofOf({ code, encryptedData = '', iv = '' }: PhoneProofDto): PhoneProof {
  return code === undefined ? { encryptedData, iv } : { code };
}
