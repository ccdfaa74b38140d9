// Writes openapi.json, the documents of all error codes and the client's table of them from the built program;
// with --check it writes nothing and fails if they differ.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { renderClientErrors } from './render-client-errors.mjs';
import { renderErrors } from './render-errors.mjs';
import { renderOpenApi } from './render-openapi.mjs';
import { renderWechatErrcodes } from './render-wechat-errcodes.mjs';

const files = {
  'openapi.json': await renderOpenApi(),
  'docs/errors.md': renderErrors(),
  'packages/client/src/error-table.ts': renderClientErrors(),
  'docs/wechat-errcodes.md': renderWechatErrcodes(),
};
const stale = [];
for (const [file, content] of Object.entries(files)) {
  if ((await readFile(file, 'utf8').catch(() => null)) === content) continue;
  stale.push(file);
  if (process.argv.includes('--check')) continue;
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, content);
}

if (stale.length === 0) console.log('The generated files are up to date.');
else if (!process.argv.includes('--check')) console.log(`Written: ${stale.join(', ')}`);
else {
  console.error(`Out of date: ${stale.join(', ')}. Run "npm run generate" and commit the result.`);
  process.exitCode = 1;
}
