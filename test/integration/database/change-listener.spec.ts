import { Logger } from '@nestjs/common';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { loadConfig } from '../../../src/config/load-config.js';
import { ChangeListener, type ListenerTimes } from '../../../src/infra/database/change-listener.js';
import type { DatabaseHome } from '../../../src/infra/database/database-home.js';
import { PostgresHome } from '../../../src/infra/database/postgres-home.js';
import { describeEachDatabase } from '../../support/databases.js';

const TIMES: ListenerTimes = { heartbeatMs: 200, answerMs: 200, minRetryMs: 20, maxRetryMs: 100 };
const WAIT_MS = 5_000;

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + WAIT_MS;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`not so within ${WAIT_MS} ms`);
    await sleep(10);
  }
}

describeEachDatabase((database) => {
  let listener: ChangeListener;
  let sender: pg.Client;
  let heard: string[];
  let reconnections: number;

  beforeAll(async () => {
    Logger.overrideLogger(false);
    sender = await database.connect();
  });
  beforeEach(() => {
    heard = [];
    reconnections = 0;
  });
  afterEach(() => listener.onModuleDestroy());

  async function open(home: Pick<DatabaseHome, 'clientConfig' | 'overNetwork'> = database.home): Promise<void> {
    listener = new ChangeListener(home, TIMES);
    listener.listen('og_a', (payload) => heard.push(`a ${payload}`));
    listener.onReconnect(() => (reconnections += 1));
    await listener.open();
  }
  const notify = (channel: string, payload: string) => sender.query('SELECT pg_notify($1, $2)', [channel, payload]);

  it('hears what is committed on its channels, also on one that is added later', async () => {
    await open();
    listener.listen('og_b', (payload) => heard.push(`b ${payload}`));
    listener.listen('og_b', (payload) => heard.push(`b again ${payload}`));
    await sleep(50);
    await notify('og_a', '1');
    await notify('og_b', '2');
    await notify('og_c', '3');
    await until(() => heard.length === 3);
    expect(heard).toEqual(['a 1', 'b 2', 'b again 2']);
    expect(reconnections).toBe(0);
  });

  it('asks its connection one thing at a time', async () => {
    await open();
    const { query } = pg.Client.prototype;
    const counts = { asked: 0, waiting: 0, most: 0 };
    pg.Client.prototype.query = async function counting(this: pg.Client, ...args: never[]) {
      counts.asked += 1;
      counts.most = Math.max(counts.most, (counts.waiting += 1));
      return (query.apply(this, args as never) as unknown as Promise<unknown>).finally(() => (counts.waiting -= 1));
    } as never;
    for (const channel of ['og_b', 'og_c', 'og_d'])
      listener.listen(channel, (payload) => heard.push(`${channel} ${payload}`));
    await until(() => counts.asked >= 3 && counts.waiting === 0);
    pg.Client.prototype.query = query;
    expect(counts.most).toBe(1);
    await notify('og_d', '1');
    await until(() => heard.includes('og_d 1'));
  });

  it('lets a handler that fails harm no other', async () => {
    await open();
    listener.listen('og_b', () => {
      throw new Error('expected by this test');
    });
    listener.listen('og_b', (payload) => heard.push(payload));
    await sleep(50);
    await notify('og_b', 'still heard');
    await until(() => heard.includes('still heard'));
  });

  if (database.kind === 'postgres') {
    it('comes back when the server ends its connection, says so, and hears again', async () => {
      await open();
      await sender.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                          WHERE application_name = 'omnigate-listener' AND pid <> pg_backend_pid()
                            AND datname = current_database()`);
      await until(() => reconnections === 1);
      await notify('og_a', 'back');
      await until(() => heard.includes('a back'));
    });

    it('notices a connection whose other side has fallen silent', async () => {
      const tunnel = await Tunnel.to(new URL(database.config.database.url ?? ''));
      await open(new PostgresHome(tunnel.url, loadConfig({ DATABASE_URL: tunnel.url })));
      tunnel.freeze();
      const began = performance.now();
      await until(() => reconnections === 1);
      expect(performance.now() - began).toBeLessThan(2 * (TIMES.heartbeatMs + TIMES.answerMs) + 3000);
      await notify('og_a', 'through a new one');
      await until(() => heard.includes('a through a new one'));
      await listener.onModuleDestroy();
      await tunnel.close();
    });

    it('keeps trying while there is no server, from the start too', async () => {
      const tunnel = await Tunnel.to(new URL(database.config.database.url ?? ''));
      tunnel.refuse(true);
      await open(new PostgresHome(tunnel.url, loadConfig({ DATABASE_URL: tunnel.url })));
      await sleep(300);
      tunnel.refuse(false);
      await until(async () => {
        await notify('og_a', 'at last');
        return heard.includes('a at last');
      });
      expect(reconnections).toBe(1);
      await listener.onModuleDestroy();
      await tunnel.close();
    });
  }
});

/** A TCP relay in front of the server that can fall silent without closing anything. */
class Tunnel {
  private readonly pairs: [Socket, Socket][] = [];
  private refusing = false;

  private constructor(
    readonly url: string,
    private readonly server: Server,
  ) {}

  static async to(target: URL): Promise<Tunnel> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = new URL(target);
    url.port = String((server.address() as { port: number }).port);
    const tunnel = new Tunnel(url.href, server);
    server.on('connection', (near) => {
      if (tunnel.refusing) {
        near.destroy();
        return;
      }
      const far = connect(Number(target.port), target.hostname);
      for (const socket of [near, far]) socket.on('error', () => undefined);
      near.pipe(far).pipe(near);
      tunnel.pairs.push([near, far]);
    });
    return tunnel;
  }

  refuse(refusing: boolean): void {
    this.refusing = refusing;
  }

  freeze(): void {
    for (const [near, far] of this.pairs) {
      near.unpipe(far);
      far.unpipe(near);
    }
  }

  async close(): Promise<void> {
    for (const pair of this.pairs) for (const socket of pair) socket.destroy();
    await new Promise((resolve) => this.server.close(resolve));
  }
}
