import { createPublicKey, generateKeyPairSync, randomBytes, type KeyObject } from 'node:crypto';

/** A key with which WeChat signs its answers, under the number that its console shows. */
export interface PlatformKey {
  readonly serial: string;
  readonly privateKey: KeyObject;
}

/** What WeChat holds of an app's API security. */
export interface AppKeys {
  readonly symmetricSn: string;
  readonly symmetricKey: Buffer;
  /** The app's, which checks its requests. */
  readonly publicKey: KeyObject;
  /** Signs every answer. */
  platformKey: PlatformKey;
  /** Signs them too while WeChat changes its key. */
  deprecatedKey: PlatformKey | null;
}

/** What the operator of the app takes home from WeChat's console, in the words of `WECHAT_APPS`. */
export interface AppKeysDownload {
  readonly symmetricSn: string;
  readonly symmetricKey: string;
  readonly privateKey: string;
  readonly certificates: readonly CertificateDownload[];
}

export interface CertificateDownload {
  readonly serial: string;
  readonly publicKey: string;
}

const MODULUS_LENGTH = 2048;

/** Makes new keys, all of them, as the buttons of WeChat's console do. */
export function makeAppKeys(): { keys: AppKeys; download: AppKeysDownload } {
  const app = generateKeyPairSync('rsa', { modulusLength: MODULUS_LENGTH });
  const symmetricKey = randomBytes(32);
  const symmetricSn = newSerial();
  const platformKey = makePlatformKey();
  return {
    keys: { symmetricSn, symmetricKey, publicKey: app.publicKey, platformKey, deprecatedKey: null },
    download: {
      symmetricSn,
      symmetricKey: symmetricKey.toString('base64'),
      privateKey: app.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
      certificates: [downloadOf(platformKey)],
    },
  };
}

/** Makes a key of WeChat's. */
export function makePlatformKey(): PlatformKey {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: MODULUS_LENGTH });
  return { serial: newSerial(), privateKey };
}

/** The public half, for whoever checks the signatures. */
export function downloadOf({ serial, privateKey }: PlatformKey): CertificateDownload {
  const publicKey = createPublicKey(privateKey).export({ type: 'spki', format: 'pem' }).toString();
  return { serial, publicKey };
}

function newSerial(): string {
  return randomBytes(16).toString('hex');
}
