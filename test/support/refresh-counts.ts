/** Whether the proof runs in full, which takes about a quarter of an hour, or as a sample. */
export const IN_FULL = process.env['PROOF'] === 'full';

/** How often something is tried: in the sample that every test run takes, and in full. */
export function times(sample: number, full: number): number {
  return IN_FULL ? full : sample;
}

/** What a whole file of the proof may take. */
export const PROOF_TIMEOUT_MS = IN_FULL ? 3_600_000 : 120_000;
