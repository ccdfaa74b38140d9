import { Histogram } from 'prom-client';

/** Computed password hashes by what for; says nothing of whose they are, nor whether the password was right. */
export const passwordHashes = new Histogram({
  name: 'password_hash_seconds',
  help: 'Duration of Argon2 computations without the time in the queue, by operation (hash, verify)',
  labelNames: ['operation'] as const,
  buckets: [0.01, 0.03, 0.1, 0.3, 1, 3],
});
