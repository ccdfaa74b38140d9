import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { checkFields, type FieldRule } from './check-fields.js';

// Serial numbers as the console of WeChat shows them; the signed texts are joined with line feeds and bars.
const SERIAL = { pattern: /^[A-Za-z0-9]{1,64}$/, required: true, rule: '1 to 64 letters and digits' };
const PEM: FieldRule = { pattern: /^\s*-----BEGIN /, required: true, rule: 'PEM' };

const AES_KEY_BYTES = 32;
const SM4_KEY_BYTES = 16;
const RSA_BITS_MIN = 2048;

/**
 * Checks the `apiSecurity` of an app: that the keys can be read and are those of AES-256 and RSA.
 *
 * SM4 and SM2, the other pair WeChat offers, are refused by name: Node 20 has no SM4-GCM and verifies SM2 wrongly.
 */
export function checkApiSecurity(value: unknown, where: string, problems: string[]): void {
  const rules = { symmetricSn: SERIAL, symmetricKey: { ...PEM, pattern: /^/, rule: 'text' }, privateKey: PEM };
  const given = checkFields(value, rules, where, problems, ['certificates']);
  if (!given) return;
  if (typeof given['symmetricKey'] === 'string') checkSymmetricKey(given['symmetricKey'], where, problems);
  if (isPem(given['privateKey'])) {
    checkRsa(given['privateKey'], createPrivateKey, `${where}.privateKey`, problems);
  }
  checkCertificates(given['certificates'], `${where}.certificates`, problems);
}

function checkSymmetricKey(text: string, where: string, problems: string[]): void {
  const bytes = Buffer.from(text, 'base64');
  if (bytes.toString('base64') === text && bytes.length === AES_KEY_BYTES) return;
  const sm4 =
    bytes.length === SM4_KEY_BYTES ? '; SM4 is not supported, choose AES256_GCM in the console of WeChat' : '';
  problems.push(`${where}.symmetricKey: must be ${AES_KEY_BYTES} bytes in base64${sm4}`);
}

function checkCertificates(value: unknown, where: string, problems: string[]): void {
  if (!Array.isArray(value) || value.length === 0) {
    problems.push(`${where}: must be a list of at least one certificate of WeChat`);
    return;
  }
  const serials = value.map((entry: unknown, index) => checkCertificate(entry, `${where}[${index}]`, problems));
  if (new Set(serials).size !== serials.length) problems.push(`${where}: every serial must be listed once`);
}

function checkCertificate(value: unknown, where: string, problems: string[]): unknown {
  const optional = { ...PEM, required: false };
  const given = checkFields(value, { serial: SERIAL, certificate: optional, publicKey: optional }, where, problems);
  if (!given) return value;
  const { certificate, publicKey } = given;
  if ((certificate === undefined) === (publicKey === undefined)) {
    problems.push(`${where}: must have either certificate or publicKey`);
  }
  for (const [field, pem] of Object.entries({ certificate, publicKey })) {
    if (isPem(pem)) checkRsa(pem, readPublicKey, `${where}.${field}`, problems);
  }
  return given['serial'];
}

/** Node would make a public key of a private one; that it was put here by mistake must not go unnoticed. */
function readPublicKey(pem: string): KeyObject {
  if (pem.includes('PRIVATE KEY')) throw new Error('a private key');
  return createPublicKey(pem);
}

function checkRsa(pem: string, read: (pem: string) => KeyObject, where: string, problems: string[]): void {
  let key: KeyObject;
  try {
    key = read(pem);
  } catch {
    problems.push(`${where}: cannot be read`);
    return;
  }
  if (key.asymmetricKeyType !== 'rsa') {
    problems.push(`${where}: must be of RSA; SM2 is not supported, choose RSAwithSHA256 in the console of WeChat`);
  } else if ((key.asymmetricKeyDetails?.modulusLength ?? 0) < RSA_BITS_MIN) {
    problems.push(`${where}: must have at least ${RSA_BITS_MIN} bits`);
  }
}

function isPem(value: unknown): value is string {
  return typeof value === 'string' && PEM.pattern.test(value);
}
