// Migrates an embedded database in the folder that is named first, and writes a dump of it into the file that is named second.
import { writeFile } from 'node:fs/promises';
import { PGlite } from '@electric-sql/pglite';
import { loadDatabaseSettings } from '../../../dist/config/load-settings.js';
import { runMigrations } from '../../../dist/database/migrate.js';

const [directory, file] = process.argv.slice(2);

await runMigrations({ ...loadDatabaseSettings({}), directory });
const engine = await PGlite.create(directory);
const dump = await engine.dumpDataDir('none');
await writeFile(file, Buffer.from(await dump.arrayBuffer()));
await engine.close();
