import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Module, type DynamicModule } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { AdminModule } from '../../../src/admin/admin.module.js';
import type { Config } from '../../../src/config/config.js';
import { ConfigurationModule } from '../../../src/config/configuration.module.js';
import { ErrorFilter } from '../../../src/gateway/error.filter.js';
import { DatabaseModule } from '../../../src/infra/database/database.module.js';
import { RegistryModule } from '../../../src/registry/registry.module.js';
import { Registry } from '../../../src/registry/registry.service.js';

export const ADMIN_KEY = 'integration-admin-key';

/** Settings every gateway of these tests starts with. */
export const ENV = {
  ADMIN_API_KEY: ADMIN_KEY,
  OMNI_MASTER_KEY: 'a passphrase for tests',
  OMNI_DATABASE_POOL_SIZE: '4',
};

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  /** Parsed JSON; null for an empty answer. */

  readonly body: any;
  readonly text: string;
}

@Module({})
class House {
  static with(config: Config): DynamicModule {
    return { module: House, imports: [ConfigurationModule.with(config), DatabaseModule, RegistryModule, AdminModule] };
  }
}

/** The admin API over real HTTP, with the registry behind it at hand. */
export class RegistryGateway {
  private constructor(
    readonly app: NestFastifyApplication,
    readonly url: string,
  ) {}

  static async start(config: Config): Promise<RegistryGateway> {
    const app = await NestFactory.create<NestFastifyApplication>(House.with(config), new FastifyAdapter(), {
      logger: false,
      abortOnError: false,
    });
    app.getHttpAdapter().getInstance().decorateRequest('exchange', null);
    app.useGlobalFilters(new ErrorFilter());
    await app.listen(0, '127.0.0.1');
    return new RegistryGateway(app, `http://127.0.0.1:${(app.getHttpServer().address() as AddressInfo).port}`);
  }

  get registry(): Registry {
    return this.app.get(Registry);
  }

  /** One request to `/admin/v1<path>`; a body that is text is sent as it is. */
  async admin(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Answer> {
    const payload = typeof body === 'string' ? body : (JSON.stringify(body) as string | undefined);
    const answer = await fetch(`${this.url}/admin/v1${path}`, {
      method,
      headers: {
        'x-admin-key': ADMIN_KEY,
        ...(payload !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(payload !== undefined && { body: payload }),
    });
    const text = await answer.text();
    return { status: answer.status, headers: answer.headers, body: text === '' ? null : JSON.parse(text), text };
  }

  async close(): Promise<void> {
    await this.app.close();
  }
}

/** Waits until `check` holds; answers the milliseconds it took. */
export async function until(check: () => boolean, withinMs: number): Promise<number> {
  const startedAt = performance.now();
  while (!check()) {
    if (performance.now() - startedAt > withinMs) throw new Error(`it did not come about within ${withinMs} ms`);
    await sleep(5);
  }
  return performance.now() - startedAt;
}
