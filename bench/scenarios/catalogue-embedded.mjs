/**
 * Writes SQL into the embedded store of a gateway that is not running.
 *
 *   node bench/scenarios/catalogue-embedded.mjs DATA_DIRECTORY SQL
 */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { PGlite } from '@electric-sql/pglite';

const [data, sql] = process.argv.slice(2);
const candidates = [data, ...readdirSync(data).map((name) => join(data, name))];
const directory = candidates.find((path) => existsSync(join(path, 'PG_VERSION')));
if (directory === undefined) throw new Error(`there is no database in ${data}`);
const database = await PGlite.create(directory);
await database.exec(sql);
await database.close();
