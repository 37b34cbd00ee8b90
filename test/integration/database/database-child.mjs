/**
 * A process with an embedded database of the built service, for tests that need one to kill:
 * `node database-child.mjs hold|insert <data directory>`. `insert` says every row's number once its commit was confirmed.
 */
import { writeSync } from 'node:fs';
import pg from 'pg';
import { EmbeddedDatabase } from '../../../dist/src/infra/database/embedded/embedded-database.js';

const [mode, directory] = process.argv.slice(2);
const database = new EmbeddedDatabase({ directory, timeoutMs: 5_000 });
// Not by a stream, whose buffer would die with the process.
const say = (word) => writeSync(1, `${word}\n`);
try {
  await database.start();
} catch (error) {
  say(`refused ${error.message}`);
  process.exit(1);
}
say('started');
if (mode === 'insert') {
  const client = new pg.Client({ stream: database.openSocket });
  await client.connect();
  await client.query('CREATE TABLE IF NOT EXISTS acknowledged (id bigint GENERATED ALWAYS AS IDENTITY, filler text)');
  for (;;) {
    const { rows } = await client.query(`INSERT INTO acknowledged (filler) VALUES (repeat('x', 400)) RETURNING id`);
    say(rows[0].id);
  }
}
