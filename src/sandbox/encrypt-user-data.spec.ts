import { createDecipheriv } from 'node:crypto';
import { read } from '../../test/support/repository.js';
import { encryptUserData, hashOfEncryptedData, signRawData, signWithSessionKey } from './encrypt-user-data.js';

const vectors = JSON.parse(read('test/vectors/session-key.json')) as Record<string, Record<string, string>>;

describe("WeChat's own examples", () => {
  it('encrypts the published user data to the published text', () => {
    const { plaintext, sessionKey, iv, encryptedData } = vectors['userInfo']!;
    expect(encryptUserData(plaintext!, sessionKey!, Buffer.from(iv!, 'base64'))).toEqual({ encryptedData, iv });
  });

  it('signs the published rawData', () => {
    const { rawData, sessionKey, signature } = vectors['rawData']!;
    expect(signRawData(rawData!, sessionKey!)).toBe(signature);
  });

  it('signs the published text, and the empty one, with the session_key', () => {
    const { postData, sessionKey, signature, signatureOfEmptyText } = vectors['sessionSignature']!;
    expect(signWithSessionKey(postData!, sessionKey!)).toBe(signature);
    expect(signWithSessionKey('', sessionKey!)).toBe(signatureOfEmptyText);
  });

  it('hashes the published encrypted data', () => {
    const { encryptedData, hash } = vectors['encryptedMsgHash']!;
    expect(hashOfEncryptedData(encryptedData!)).toBe(hash);
  });
});

describe('encryptUserData', () => {
  it('takes another iv each time', () => {
    const sessionKey = Buffer.alloc(16, 7).toString('base64');
    const [first, second] = [encryptUserData('{"a":"中"}', sessionKey), encryptUserData('{"a":"中"}', sessionKey)];
    expect(first.iv).not.toBe(second.iv);
    expect(first.encryptedData).not.toBe(second.encryptedData);
    const decipher = createDecipheriv('aes-128-cbc', Buffer.alloc(16, 7), Buffer.from(first.iv, 'base64'));
    const encrypted = Buffer.from(first.encryptedData, 'base64');
    expect(Buffer.concat([decipher.update(encrypted), decipher.final()]).toString()).toBe('{"a":"中"}');
  });
});
