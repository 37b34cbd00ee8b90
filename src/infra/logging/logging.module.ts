import { Global, Module } from '@nestjs/common';
import { LoggerModule } from 'nestjs-pino';
import { Config } from '../../config/config.js';
import { CallLog } from './call-log.js';
import { pinoOptions } from './house-logger.js';

/**
 * Nest's own messages go through pino. Its request middleware is kept to the admin API: it costs more than ten microseconds a
 * call, and the call path writes its one line itself at the end of the exchange.
 */
@Global()
@Module({
  imports: [
    LoggerModule.forRootAsync({
      inject: [Config],
      useFactory: (config: Config) => ({
        pinoHttp: pinoOptions(config),
        forRoutes: ['admin/{*splat}'],
      }),
    }),
  ],
  providers: [CallLog],
  exports: [CallLog],
})
export class LoggingModule {}
