import type { AddressInfo } from 'node:net';
import { Module, type DynamicModule } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { AdminModule } from '../../../src/admin/admin.module.js';
import { setUpDocs } from '../../../src/admin/docs.js';
import { ConfigurationModule } from '../../../src/config/configuration.module.js';
import type { Config } from '../../../src/config/config.js';
import { ErrorFilter } from '../../../src/gateway/error.filter.js';
import { DatabaseModule } from '../../../src/infra/database/database.module.js';
import { TenancyModule } from '../../../src/tenancy/tenancy.module.js';

export const ADMIN_KEY = 'integration-admin-key';

@Module({})
class TestModule {
  static with(config: Config): DynamicModule {
    return {
      module: TestModule,
      imports: [ConfigurationModule.with(config), DatabaseModule, TenancyModule, AdminModule],
    };
  }
}

export interface Answer {
  status: number;
  headers: Headers;

  body: any;
}

export interface CallOptions {
  /** Secret for X-Admin-Key; null: none. */
  key?: string | null;
  headers?: Record<string, string>;
  /** Sent as it is instead of JSON. */
  raw?: string;
}

/** The admin API over real HTTP. */
export class AdminApp {
  private constructor(
    readonly app: NestFastifyApplication,
    readonly url: string,
  ) {}

  static async open(config: Config): Promise<AdminApp> {
    const app = await NestFactory.create<NestFastifyApplication>(TestModule.with(config), new FastifyAdapter(), {
      logger: ['error'],
      abortOnError: false,
    });
    app.getHttpAdapter().getInstance().decorateRequest('exchange', null);
    app.useGlobalFilters(new ErrorFilter());
    setUpDocs(app);
    await app.listen(0, '127.0.0.1');
    const { port } = app.getHttpServer().address() as AddressInfo;
    return new AdminApp(app, `http://127.0.0.1:${port}`);
  }

  async close(): Promise<void> {
    await this.app.close();
  }

  async call(method: string, path: string, body?: unknown, options: CallOptions = {}): Promise<Answer> {
    const { key = ADMIN_KEY, headers = {}, raw } = options;
    const payload = raw ?? (body === undefined ? undefined : JSON.stringify(body));
    const response = await fetch(`${this.url}${path}`, {
      method,
      headers: {
        ...(payload !== undefined && { 'content-type': 'application/json' }),
        ...(key !== null && { 'x-admin-key': key }),
        ...headers,
      },
      ...(payload !== undefined && { body: payload }),
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, body: text === '' ? null : JSON.parse(text) };
  }

  /** An admin key of this role. */
  async adminKey(role: string, orgId: string | null = null): Promise<string> {
    const made = await this.call('POST', '/admin/v1/admins', { name: `${role} ${Math.random()}`, role, org_id: orgId });
    return made.body.key as string;
  }
}
