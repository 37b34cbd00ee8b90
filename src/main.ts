import 'reflect-metadata';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { setUpDocs } from './admin/docs.js';
import { AppModule } from './app.module.js';
import type { Config } from './config/config.js';
import { Exchanges } from './exchange/exchanges.service.js';
import { createHttpAdapter, installExchanges } from './gateway/http-server.js';
import { HouseLogger } from './infra/logging/house-logger.js';
import { flushLogs } from './infra/logging/root-logger.js';
import { AdminKeys } from './tenancy/admin-keys.service.js';

/** What callers whose calls are cut at the end of a drain get to take the error. */
const CUT_MS = 500;

const LISTEN_FAULTS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'is in use by another process.',
  EACCES: 'may not be opened by this user.',
  EADDRNOTAVAIL: 'is no address of this machine.',
};

/** A gateway that listens. */
export interface RunningGateway {
  /** `http://127.0.0.1:8080` */
  readonly url: string;
  /** The bootstrap admin key, if this start made one: the only time it can be shown. */
  readonly generatedAdminKey: string | null;
  /** Not ready → running calls finish, within the configured bound → records written → everything closed. */
  drain(): Promise<void>;
}

export async function start(config: Config): Promise<RunningGateway> {
  const app = await NestFactory.create<NestFastifyApplication>(AppModule.with(config), createHttpAdapter(config), {
    logger: HouseLogger.of(config),
    bodyParser: false,
    abortOnError: false,
  });
  installExchanges(app, config);
  setUpDocs(app);
  await listen(app, config);
  // Only now: a key made by a start that finds its port taken would be stored and never shown.
  const { generatedKey } = await app.get(AdminKeys).bootstrap();
  const { port } = app.getHttpServer().address() as AddressInfo;
  const host = ['0.0.0.0', '::'].includes(config.server.host) ? '127.0.0.1' : config.server.host;
  return { url: `http://${host}:${port}`, generatedAdminKey: generatedKey, drain: () => drain(app, config) };
}

/** @throws Error in the words of who set the port and the host */
async function listen(app: NestFastifyApplication, { server: { port, host } }: Config): Promise<void> {
  try {
    await app.listen(port, host);
  } catch (error) {
    const said = LISTEN_FAULTS[(error as NodeJS.ErrnoException).code ?? ''];
    if (said === undefined) throw error;
    throw new Error(`${host}:${port} ${said} PORT and HOST say where to listen.`, { cause: error });
  }
}

async function drain(app: NestFastifyApplication, { server }: Config): Promise<void> {
  const logger = new Logger('Drain');
  const exchanges = app.get(Exchanges);
  const http = app.getHttpServer();
  exchanges.drain();
  logger.log(`Shutting down: ${exchanges.underWay} calls under way, new ones are refused.`);
  await sleep(server.drainDelayMs);
  http.close();
  http.closeIdleConnections();
  if (!(await exchanges.idle(server.drainTimeoutMs))) {
    exchanges.cutAll();
    // Whoever does not even read that is hung up on.
    if (!(await exchanges.idle(CUT_MS))) http.closeAllConnections();
  }
  await app.close();
  logger.log('All is written and closed.');
  await flushLogs();
}
