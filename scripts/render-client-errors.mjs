import { ERROR_CATALOG } from '../dist/errors/catalog.js';

/** Renders the catalog's codes, by remedy, as a source file of the client. */
export function renderClientErrors() {
  const entries = Object.entries(ERROR_CATALOG);
  const remedies = [...new Set(entries.map(([, { remedy }]) => remedy))].map((remedy) => {
    const codes = entries.filter(([, entry]) => entry.remedy === remedy).map(([code]) => `    '${code}',\n`);
    return `  ${remedy.includes('-') ? `'${remedy}'` : remedy}: [\n${codes.join('')}  ],\n`;
  });
  return `// Generated from src/errors/catalog.ts of the server by "npm run generate". Do not edit.

/** The server's error codes, by what a client does next. */
// prettier-ignore
export const CODES_BY_REMEDY = {
${remedies.join('')}} as const;

/** What a client does next. The only field of an error to branch on. */
export type Remedy = keyof typeof CODES_BY_REMEDY;

export type ServerErrorCode = (typeof CODES_BY_REMEDY)[Remedy][number];
`;
}
