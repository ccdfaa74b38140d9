let failure = null;

/** Every message that was sent, the newest last. */
export const sent = [];

/** Makes the provider fail until told otherwise. */
export function failSending(error) {
  failure = error;
}

/** A provider whose messages stay in this process. */
export default {
  async send(message) {
    if (failure) throw failure;
    sent.push(message);
  },
};
