import { readFileSync } from 'node:fs';
import { signPush, signatureOf } from './sign-push.js';

// From the official page of the message push.
const VECTORS = JSON.parse(
  readFileSync(new URL('../../../test/vectors/wechat-push.json', import.meta.url), 'utf8'),
) as Record<string, Record<string, string> & { body: Record<string, string> }>;

describe('the sandbox pushes as WeChat does: the official example', () => {
  it('of the URL check has this signature', () => {
    const { token, timestamp, nonce, signature } = VECTORS['official_push_url_verify']!;
    expect(signatureOf(token!, timestamp!, nonce!)).toBe(signature);
  });

  it('of secure mode is encrypted to the same bytes, under the same signature', () => {
    const example = VECTORS['official_push_secure_mode_decrypt']!;
    const push = signPush(JSON.parse(example['msg']!) as Record<string, string>, {
      appId: example['appid']!,
      token: example['token']!,
      encodingAesKey: example['encodingAESKey']!,
      format: 'json',
      timestamp: Number(example['timestamp']),
      nonce: example['nonce']!,
      random: Buffer.from(example['random']!),
    });
    expect(JSON.parse(push.body)).toEqual(example.body);
    expect(push.query['msg_signature']).toBe(example['msg_signature']);
  });

  it('of an encrypted reply is encrypted to the same bytes, under the same signature', () => {
    const example = VECTORS['official_push_secure_mode_encrypt_reply']!;
    const push = signPush(JSON.parse(example['msg']!) as Record<string, string>, {
      appId: example['appid']!,
      token: example['token']!,
      encodingAesKey: example['encodingAESKey']!,
      format: 'json',
      timestamp: Number(example['timestamp']),
      nonce: example['nonce']!,
      random: Buffer.from(example['random']!),
    });
    expect((JSON.parse(push.body) as { Encrypt: string }).Encrypt).toBe(example['Encrypt']);
    expect(push.query['msg_signature']).toBe(example['MsgSignature']);
  });
});
