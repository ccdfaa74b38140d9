import { fileURLToPath } from 'node:url';
import { sent } from './native/sms-outbox.mjs';
import type { Answer, TestServer } from './test-server.js';

export { failSending } from './native/sms-outbox.mjs';

// A process runs many spec files, and each begins with the same numbers.
sent.length = 0;

/** The environment of a server whose messages end here. */
export const SMS_TO_OUTBOX = { SMS_PROVIDER_MODULE: fileURLToPath(new URL('native/sms-outbox.mjs', import.meta.url)) };

/** The last code that was sent to this number (E.164). */
export function lastCodeTo(phone: string): string {
  return sent.findLast((message) => message.phone === phone)!.code;
}

/** How many codes were sent to this number (E.164). */
export function codesTo(phone: string): number {
  return sent.filter((message) => message.phone === phone).length;
}

/** Asks for a code and answers it. */
export async function smsCode(server: TestServer, phone: string): Promise<string> {
  expect((await server.post('/v1/auth/sms/code', { phone })).status).toBe(204);
  return lastCodeTo(phone);
}

/** Signs in by SMS, code and all. */
export async function smsSignIn(
  server: TestServer,
  phone: string,
  extra: Record<string, unknown> = {},
): Promise<Answer> {
  const code = await smsCode(server, phone);
  return server.post('/v1/auth/sms/login', { phone, code, ...extra });
}

/** Lets so many seconds pass for the codes, counts and locks of all numbers, by the database's clock. */
export async function passOtpTime(server: TestServer, seconds: number): Promise<void> {
  await server.sql(
    `update otp_challenges set
       expires_at = expires_at - make_interval(secs => $1), sent_at = sent_at - make_interval(secs => $1),
       day_started_at = day_started_at - make_interval(secs => $1),
       locked_until = locked_until - make_interval(secs => $1)`,
    [seconds],
  );
}
