import { MIGRATIONS } from '../../../migrations/index.js';
import { loadConfig } from '../../../src/config/load-config.js';
import { PostgresHome } from '../../../src/infra/database/postgres-home.js';
import { bringUp, migrate } from '../../../src/infra/database/migrate.js';
import { describeEachDatabase } from '../../support/databases.js';

/** Every step opens the database anew. */
const LONG_MS = 60_000;

describeEachDatabase((database) => {
  const names = MIGRATIONS.map((migration) => migration.name);

  /** Everything the schema consists of, by kind and name with its definition. */
  async function schema(): Promise<string[]> {
    const client = await database.connect();
    const { rows } = await client.query<{ thing: string }>(`
      SELECT format('column %s.%s %s %s %s', c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,
                    pg_get_expr(d.adbin, d.adrelid)) AS thing
        FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
        LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm')
      UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'
      UNION ALL SELECT format('constraint %s %s', conname, pg_get_constraintdef(oid)) FROM pg_constraint
        WHERE connamespace = 'public'::regnamespace AND contype <> 'n'
      UNION ALL SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal
      UNION ALL SELECT pg_get_functiondef(oid) FROM pg_proc WHERE pronamespace = 'public'::regnamespace
      UNION ALL SELECT format('type %s', typname) FROM pg_type
        WHERE typnamespace = 'public'::regnamespace AND typtype IN ('e', 'd')
      UNION ALL SELECT format('sequence %s', sequencename) FROM pg_sequences WHERE schemaname = 'public'`);
    await client.end();
    return rows.map(({ thing }) => thing).sort();
  }

  const own = (things: string[]) =>
    things.filter((thing) => !/\bmigrations|PK_8c82d7f526340ab734260ea46be/.test(thing));

  it(
    'applies every migration, takes every one back without a trace and applies them again',
    async () => {
      expect(await migrate(database.config, 0)).toEqual(names);
      const first = await schema();
      expect(own(first).length).toBeGreaterThan(names.length);

      for (const name of names.toReversed()) expect(await migrate(database.config, 1)).toEqual([name]);
      expect(own(await schema())).toEqual([]);
      expect(await migrate(database.config, 1)).toEqual([]);

      expect(await migrate(database.config, 0)).toEqual(names);
      expect(await schema()).toEqual(first);
      expect(await migrate(database.config, 0)).toEqual([]);
    },
    LONG_MS,
  );

  if (database.kind === 'postgres') {
    it('lets one of several replicas that start together migrate, and the others wait', async () => {
      await migrate(database.config, names.length);
      const url = database.config.database.url ?? '';
      const replicas = Array.from({ length: 4 }, () => new PostgresHome(url, loadConfig({ DATABASE_URL: url })));
      const applied = await Promise.all(replicas.map((home) => bringUp(home)));
      expect(applied.flat().sort()).toEqual([...names].sort());
      expect(applied.filter((list) => list.length > 0)).toHaveLength(1);
    });
  }
});
