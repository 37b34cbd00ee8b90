import { setTimeout as sleep } from 'node:timers/promises';
import type { DataSource } from 'typeorm';
import { describeEachDatabase } from '../../support/databases.js';

const TIMEOUT_MS = 2_000;

describeEachDatabase(
  (database) => {
    let source: DataSource;

    beforeAll(async () => {
      source = await database.dataSource();
      await source.query(`CREATE TABLE things (id int PRIMARY KEY, note text CHECK (note <> 'bad'))`);
    });
    afterEach(() => source.query('DELETE FROM things'));

    const rejection = (work: Promise<unknown>): Promise<Record<string, unknown>> =>
      work.then(
        () => {
          throw new Error('it should have been refused');
        },
        (error: unknown) => error as Record<string, unknown>,
      );

    it('shows nobody the rows of a transaction that is not committed', async () => {
      const inside = source.createQueryRunner();
      await inside.startTransaction();
      await inside.query(`INSERT INTO things VALUES (1, 'a')`);
      const outside = source.query('SELECT * FROM things');
      // On a server the other one reads the old state now; the embedded database lets it wait. Neither shows the row.
      const early = await Promise.race([outside, sleep(100, 'waiting')]);
      expect(early === 'waiting' || (early as unknown[]).length === 0).toBe(true);
      await inside.rollbackTransaction();
      await inside.release();
      expect(await outside).toEqual([]);
    });

    it('keeps the statements of interleaved transactions apart', async () => {
      const transfer = (id: number) =>
        source.transaction(async (tx) => {
          await tx.query('INSERT INTO things VALUES ($1, $2)', [id, 'first']);
          await sleep(5);
          if (id % 2 === 1) throw new Error('changed my mind');
          await tx.query('UPDATE things SET note = $2 WHERE id = $1', [id, 'second']);
        });
      const results = await Promise.allSettled(Array.from({ length: 10 }, (_, id) => transfer(id)));
      expect(results.map(({ status }) => status)).toEqual(
        Array.from({ length: 10 }, (_, id) => (id % 2 === 1 ? 'rejected' : 'fulfilled')),
      );
      const rows = await source.query('SELECT id, note FROM things ORDER BY id');
      expect(rows).toEqual([0, 2, 4, 6, 8].map((id) => ({ id, note: 'second' })));
    });

    it('gives each of many statements under way at once its own answer', async () => {
      const numbers = Array.from({ length: 200 }, (_, i) => i);
      const answers = await Promise.all(
        numbers.map((n) => source.query<{ n: number }[]>('SELECT $1::int AS n, pg_typeof($1::int)::text AS t', [n])),
      );
      expect(answers.map(([row]) => row?.n)).toEqual(numbers);
    });

    it('makes others wait for a row that a transaction holds, and then time out', async () => {
      await source.query(`INSERT INTO things VALUES (1, 'a')`);
      const holder = source.createQueryRunner();
      await holder.startTransaction();
      await holder.query(`UPDATE things SET note = 'b' WHERE id = 1`);
      const began = performance.now();
      // A failure of these shows below, where the holder commits.
      const keepBusy = setInterval(() => void holder.query('SELECT 1').catch(() => undefined), TIMEOUT_MS / 10);
      const error = await rejection(source.query(`UPDATE things SET note = 'c' WHERE id = 1`)).finally(() =>
        clearInterval(keepBusy),
      );
      expect(error).toMatchObject({ code: '57014' });
      expect(performance.now() - began).toBeGreaterThan(TIMEOUT_MS * 0.9);
      await holder.commitTransaction();
      await holder.release();
      expect(await source.query('SELECT note FROM things')).toEqual([{ note: 'b' }]);
    });

    it('ends the connection of a transaction that lies idle, so that nobody waits for it for ever', async () => {
      const client = await database.connect();
      if (database.kind === 'postgres') await client.query(`SET idle_in_transaction_session_timeout = ${TIMEOUT_MS}`);
      const ended = new Promise((resolve) => client.once('error', resolve));
      await client.query('BEGIN');
      await client.query(`INSERT INTO things VALUES (7, 'forgotten')`);
      expect(await ended).toMatchObject({ code: '25P03' });
      await expect(client.query('SELECT 1')).rejects.toThrow();
      expect(await source.query('SELECT * FROM things')).toEqual([]);
    });

    it('rolls back what a connection leaves open when it ends', async () => {
      const client = await database.connect();
      await client.query('BEGIN');
      await client.query(`INSERT INTO things VALUES (8, 'left')`);
      await client.end();
      expect(await source.query('SELECT * FROM things')).toEqual([]);
    });

    it('notifies those who listen, after the commit and not before', async () => {
      const listener = await database.connect();
      const deaf = await database.connect();
      const heard: string[] = [];
      listener.on('notification', ({ channel, payload }) => heard.push(`${channel} ${payload}`));
      deaf.on('notification', () => heard.push('by the wrong one'));
      await listener.query('LISTEN "Thing changed"');
      await deaf.query('LISTEN something_else');
      await source.transaction(async (tx) => {
        await tx.query(`SELECT pg_notify('Thing changed', 'rolled back?')`);
        await sleep(50);
        expect(heard).toEqual([]);
      });
      await source
        .transaction(async (tx) => {
          await tx.query(`SELECT pg_notify('Thing changed', 'never')`);
          throw new Error('roll back');
        })
        .catch(() => undefined);
      await source.query(`SELECT pg_notify('Thing changed', 'second')`);
      await sleep(100);
      expect(heard).toEqual(['Thing changed rolled back?', 'Thing changed second']);
      await listener.query('UNLISTEN "Thing changed"');
      await source.query(`SELECT pg_notify('Thing changed', 'third')`);
      await sleep(100);
      expect(heard).toHaveLength(2);
    });

    it('reads 64-bit integers and exact numbers as strings', async () => {
      const [row] = await source.query(`SELECT 9007199254740993::int8 AS big, 0.1::numeric AS exact, 7::int4 AS small`);
      expect(row).toEqual({ big: '9007199254740993', exact: '0.1', small: 7 });
    });

    it('takes every kind of parameter and gives it back unharmed', async () => {
      const at = new Date('2026-02-28T23:59:59.123Z');
      const bytes = Buffer.from([0, 1, 127, 128, 255]);
      const nested = { quote: `'"\\`, list: [1, null, { a: 'ü🙂' }] };
      const [row] = await source.query(
        `SELECT $1::timestamptz AS at, $2::bytea AS bytes, $3::jsonb AS json, $4::int[] AS ints, $5::text[] AS texts,
                $6::int8 AS big, $7::text AS missing, $8::text AS nothing, $9::bool AS yes, $10::float8 AS half`,
        [at, bytes, nested, [1, 2, 3], ['a,b', '"', null, ''], 2n ** 62n, undefined, null, true, 0.5],
      );
      expect(row).toEqual({
        at,
        bytes,
        json: nested,
        ints: [1, 2, 3],
        texts: ['a,b', '"', null, ''],
        big: String(2n ** 62n),
        missing: null,
        nothing: null,
        yes: true,
        half: 0.5,
      });
    });

    it('names what was violated: SQLSTATE, constraint, table and detail', async () => {
      await source.query(`INSERT INTO things VALUES (1, 'a')`);
      expect(await rejection(source.query(`INSERT INTO things VALUES (1, 'b')`))).toMatchObject({
        code: '23505',
        constraint: 'things_pkey',
        table: 'things',
        detail: 'Key (id)=(1) already exists.',
      });
      const check = await rejection(source.query(`INSERT INTO things VALUES (2, $1)`, ['bad']));
      expect(check).toMatchObject({ code: '23514', constraint: 'things_note_check' });
      expect(await rejection(source.query('SELEC 1'))).toMatchObject({ code: '42601' });
      expect(await rejection(source.query('SELECT 1 / $1::int', [0]))).toMatchObject({ code: '22012' });
      expect(await source.query('SELECT count(*)::int AS n FROM things')).toEqual([{ n: 1 }]);
    });

    it('says how many rows a statement touched', async () => {
      await source.query('INSERT INTO things SELECT g FROM generate_series(1, 5) g');
      expect(await source.query('UPDATE things SET note = $1 WHERE id > 2 RETURNING id', ['x'])).toEqual([
        [{ id: 3 }, { id: 4 }, { id: 5 }],
        3,
      ]);
      expect(await source.query('DELETE FROM things WHERE id > $1', [4])).toEqual([[], 1]);
    });

    it('carries an answer and a parameter of several megabytes', async () => {
      const text = 'ä'.repeat(3_000_000);
      const [row] = await source.query('SELECT $1::text AS text, length($1::text) AS length', [text]);
      expect(row.length).toBe(3_000_000);
      expect(row.text === text).toBe(true);
    });

    it('undoes a part of a transaction by a savepoint', async () => {
      await source.transaction(async (tx) => {
        await tx.query(`INSERT INTO things VALUES (1, 'kept')`);
        await tx.transaction((inner) => inner.query(`INSERT INTO things VALUES (1, 'twice')`)).catch(() => undefined);
        await tx.query(`INSERT INTO things VALUES (2, 'kept too')`);
      });
      expect(await source.query('SELECT id FROM things ORDER BY id')).toEqual([{ id: 1 }, { id: 2 }]);
    });
  },
  { OMNI_DATABASE_TIMEOUT_MS: String(TIMEOUT_MS) },
);
