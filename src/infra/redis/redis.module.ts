import { Module } from '@nestjs/common';
import { Config } from '../../config/config.js';
import { RedisConnection } from './redis-connection.js';

/** One Redis connection a process, from `REDIS_URL`. Expects a global provider of `Config`. */
@Module({
  providers: [
    { provide: RedisConnection, inject: [Config], useFactory: (config: Config) => new RedisConnection(config.redis) },
  ],
  exports: [RedisConnection],
})
export class RedisModule {}
