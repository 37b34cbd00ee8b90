import { Global, Module } from '@nestjs/common';
import { LedgerModule } from '../ledger/ledger.module.js';
import { Exchanges } from './exchanges.service.js';

@Global()
@Module({ imports: [LedgerModule], providers: [Exchanges], exports: [Exchanges, LedgerModule] })
export class ExchangeModule {}
