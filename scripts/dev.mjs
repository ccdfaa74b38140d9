// Recompiles on every change and restarts the server on what was compiled, until Ctrl-C.
import { execSync, spawn } from 'node:child_process';

execSync('npm run --silent build', { stdio: 'inherit' });

const commands = [
  ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json', '--watch', '--preserveWatchOutput'],
  ['--watch', '--watch-preserve-output', 'dist/main.js'],
];
const children = commands.map((args) => spawn(process.execPath, args, { stdio: 'inherit' }));
const stop = () => children.forEach((child) => child.kill('SIGTERM'));

for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, stop);
for (const child of children) child.once('exit', stop);
