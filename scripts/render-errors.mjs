import { ERROR_CATALOG } from '../dist/errors/catalog.js';

// What each remedy asks of the client. docs/errors.md is the only place where this stands at length.
const REMEDIES = {
  'fix-request':
    'The request is wrong and will be wrong again: do not repeat it. This is a mistake in the client; log it with the `traceId`.',
  refresh:
    'Exchange the refresh token at `POST /v1/auth/refresh`, one exchange at a time, then repeat the request once with the new access token. If the exchange is refused, follow the remedy of that answer.',
  'login-again':
    'Call `wx.login` and sign in with the new code, without asking anybody; keep the new tokens instead of the old, then repeat once what you were about to do. Codes, tickets and encrypted data of before are worth nothing now.',
  'ask-user':
    'Only the person can go on: show the text, then wait for a tap, a new code or a decision. Do not sign in silently: somebody may have signed this device out on purpose.',
  'retry-later':
    'The request may succeed later. Keep the tokens you hold, wait for the seconds of `Retry-After` where the answer carries it, and pause longer after every further refusal. A code of `wx.login` may be spent by now: get a new one first. After `REFRESH_SUPERSEDED` go on with the newest tokens you have stored; after three of them in a row, call `wx.login`.',
  'call-operator':
    'Neither the client nor its user can help. Show the text and the `traceId`, by which the operator finds the log entry, and do not retry by yourself.',
  stop: 'The answer is no, and asking again does not change it. Show the text and leave it at that.',
};

/** Renders the error catalog for people who write clients. */
export function renderErrors() {
  const entries = Object.entries(ERROR_CATALOG);
  const unknown = entries.filter(([, { remedy }]) => !(remedy in REMEDIES)).map(([code]) => code);
  if (unknown.length > 0) throw new Error(`scripts/render-errors.mjs does not explain the remedy of ${unknown}`);
  const rows = entries.map(
    ([code, entry]) =>
      `| \`${code}\` | ${entry.status} | [${entry.remedy}](#${entry.remedy}) | ${cell(entry.en)} | ${cell(entry['zh-CN'])} |`,
  );
  const remedies = Object.entries(REMEDIES).map(([remedy, text]) => `### ${remedy}\n\n${text}\n`);
  return `<!-- Generated from src/errors/catalog.ts by "npm run generate". Do not edit. -->

# Errors

Every error is \`application/problem+json\`: \`{type, title, status, code, remedy, detail, traceId}\`. \`title\` is in English or Chinese, as
\`Accept-Language\` asks. Branch on \`remedy\` only: codes are added as the server grows.

## Codes

| code | status | remedy | en | zh-CN |
|---|---|---|---|---|
${rows.join('\n')}

## Remedies

${remedies.join('\n')}`;
}

function cell(text) {
  return text.replaceAll('|', '\\|');
}
