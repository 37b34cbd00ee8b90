import { Global, Module, type DynamicModule } from '@nestjs/common';
import { ConfigModule, ConfigService } from '@nestjs/config';
import { Config } from './config.js';

/** Gives every room the one frozen `Config`, through Nest's own configuration module. */
@Global()
@Module({})
export class ConfigurationModule {
  static with(config: Config): DynamicModule {
    return {
      module: ConfigurationModule,
      imports: [
        ConfigModule.forRoot({ ignoreEnvFile: true, ignoreEnvVars: true, cache: true, load: [() => ({ config })] }),
      ],
      providers: [
        {
          provide: Config,
          inject: [ConfigService],
          useFactory: (service: ConfigService) => service.getOrThrow<Config>('config'),
        },
      ],
      exports: [Config],
    };
  }
}
