import { Global, Module } from '@nestjs/common';
import { Config } from '../../config/config.js';
import { openSecretBox } from './open-secret-box.js';
import { SecretBox } from './secret-box.js';

/** Gives every room the one `SecretBox` of the installation. */
@Global()
@Module({
  providers: [{ provide: SecretBox, inject: [Config], useFactory: openSecretBox }],
  exports: [SecretBox],
})
export class CryptoModule {}
