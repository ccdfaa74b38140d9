import type { SmsMessage, SmsProvider } from '../../../src/auth/sms/sms-provider.js';

export const sent: SmsMessage[];
export function failSending(error: Error | null): void;
declare const provider: SmsProvider;
export default provider;
