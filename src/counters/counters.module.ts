import { randomUUID } from 'node:crypto';
import { Module } from '@nestjs/common';
import { Config } from '../config/config.js';
import { RedisConnection } from '../infra/redis/redis-connection.js';
import { RedisModule } from '../infra/redis/redis.module.js';
import { CounterStore } from './counter.store.js';
import { InProcessCounterStore } from './in-process-counter.store.js';
import { RedisCounterStore } from './redis-counter.store.js';

/** The counters of the gateway: shared through Redis where one is configured, otherwise this process's own. */
@Module({
  imports: [RedisModule],
  providers: [
    {
      provide: CounterStore,
      inject: [Config, RedisConnection],
      useFactory: ({ redis }: Config, { client }: RedisConnection): CounterStore =>
        client === null
          ? new InProcessCounterStore()
          : new RedisCounterStore(client, { timeoutMs: redis.timeoutMs, processId: randomUUID() }),
    },
  ],
  exports: [CounterStore],
})
export class CountersModule {}
