import { execFileSync } from 'node:child_process';
import { resolve } from 'node:path';
import { OURS, SUBJECTS, startOurs } from './subjects.mjs';

const QUICK = [OURS, 'tutorial', 'raw Fastify', 'pgbench, one UPDATE'];

/** Who takes part in these loads: everybody of `SUBJECTS` (a few in a quick run) and other ways to run ours. */
export function subjectsFor(loads, { quick, workers, against }) {
  const [ours, ...others] = SUBJECTS;
  const variants = [];
  if (workers > 1) variants.push(variantOf(ours, `${OURS}, ${workers} workers`, { name: 'ours-workers', workers }));
  if (against)
    variants.push(variantOf(ours, againstName(against), { name: 'ours-against', directory: resolve(against) }));
  return [ours, ...variants, ...others].filter(
    ({ name, kind, notes }) =>
      loads.some((load) => load in notes) && (!quick || kind === 'variant' || QUICK.includes(name)),
  );
}

/** The name of the build in another checkout: its commit. */
export function againstName(folder) {
  const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { cwd: folder, encoding: 'utf8' }).trim();
  return `${OURS} at ${commit}`;
}

/** Starts everybody, ours first: limits answer what it answers. Pairs of a subject and what `start` gave. */
export async function startParticipants(stage, subjects, { users }) {
  const participants = [];
  const given = { users };
  for (const subject of subjects) {
    if (subject.isThere?.() === false) {
      console.log(`LEFT OUT: ${subject.name}, which is not on this machine`);
      continue;
    }
    process.stderr.write(`starting ${subject.name}\n`);
    const running = await subject.start(stage, given);
    participants.push([subject, running]);
    if (subject.name === OURS) Object.assign(given, await referenceOf(running));
  }
  return participants;
}

function variantOf(ours, name, options) {
  return { ...ours, name, kind: 'variant', start: (stage, { users }) => startOurs(stage, { users, ...options }) };
}

/** What our server answers to the guarded GET of the first seeded user, byte for byte. */
async function referenceOf({ origin, databaseUrl }) {
  const signIn = await fetch(`${origin}/v1/auth/wechat/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ code: 'seed-1.first' }),
  });
  if (!signIn.ok) throw new Error(`nobody can sign in: ${await signIn.text()}`);
  const { tokens } = await signIn.json();
  const headers = { authorization: `Bearer ${tokens.accessToken}` };
  const session = await fetch(`${origin}/v1/auth/session`, { headers });
  return { databaseUrl, answer: { BODY: await session.text(), CONTENT_TYPE: session.headers.get('content-type') } };
}
