/** A one-time code on its way to a phone. */
export interface SmsMessage {
  /** E.164, with `+` and country code. */
  readonly phone: string;
  /** Six digits. Secret: it signs in whoever has it. */
  readonly code: string;
  /** For how long it works; a text may say so. */
  readonly validMinutes: number;
}

/** Whoever delivers short messages: the operator's own code, or the console in development. */
export interface SmsProvider {
  /**
   * Hands a code over for delivery. Rejects when it was not taken; the code is then void and another may be asked for.
   *
   * @param signal aborts when nobody waits for the outcome any more, after 5 s
   */
  send(message: SmsMessage, signal: AbortSignal): Promise<void>;
}

/** Token of the process's SMS provider; null when there is none. */
export const SMS_PROVIDER = Symbol('SMS_PROVIDER');
