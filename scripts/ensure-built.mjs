// Builds what a command of dist/ needs and lacks: nothing in an image, everything in a fresh checkout, a migration that was
// just written in between.
import { execSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';

const SOURCES = 'src/database/migrations';

const written = existsSync(SOURCES) ? readdirSync(SOURCES).filter((file) => file.endsWith('.ts')) : [];
const compiled = written.map((file) => `dist/database/migrations/${file.replace(/\.ts$/, '.js')}`);

if (!['dist/database/migrate.js', 'dist/cli/main.js', ...compiled].every((file) => existsSync(file))) {
  execSync('npm run --silent build', { stdio: 'inherit' });
}
