// Adds to package-lock.json the packages for other platforms that a mirror of the registry did not have.
// npm leaves them out when it writes the lock, and then refuses the lock in `npm ci`. Run it after `npm install`.
import { readFileSync, writeFileSync } from 'node:fs';

const FILE = new URL('../package-lock.json', import.meta.url);
const SYSTEMS = ['android', 'darwin', 'freebsd', 'linux', 'win32', 'openharmony', 'netbsd', 'openbsd', 'sunos', 'aix'];
// Longest first: linux-arm-gnueabihf is arm, linux-arm64-gnu is not.
const PROCESSORS = ['riscv64', 'loong64', 'wasm32', 'ppc64', 's390x', 'arm64', 'ia32', 'x64', 'arm'];

const lock = JSON.parse(readFileSync(FILE, 'utf8'));
const known = new Set(Object.keys(lock.packages).map((path) => path.replace(/^.*node_modules\//, '')));
for (const { optionalDependencies = {}, dev } of Object.values(lock.packages)) {
  for (const [name, range] of Object.entries(optionalDependencies)) {
    if (known.has(name)) continue;
    known.add(name);
    const os = SYSTEMS.find((system) => name.includes(system));
    const cpu = PROCESSORS.find((processor) => name.includes(`-${processor}`));
    lock.packages[`node_modules/${name}`] = {
      version: range.replace(/^[~^]/, ''),
      ...(cpu ? { cpu: [cpu] } : {}),
      ...(dev ? { dev } : {}),
      optional: true,
      ...(os ? { os: [os] } : {}),
    };
    console.log(`added ${name}`);
  }
}
const [root, ...others] = Object.entries(lock.packages);
lock.packages = Object.fromEntries([root, ...others.sort(([a], [b]) => a.localeCompare(b, 'en'))]);
writeFileSync(FILE, `${JSON.stringify(lock, null, 2)}\n`);
