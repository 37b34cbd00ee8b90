import { Module } from '@nestjs/common';
import { TenancyModule } from '../tenancy/tenancy.module.js';
import { AuthGuard } from './auth.guard.js';

@Module({ imports: [TenancyModule], providers: [AuthGuard], exports: [AuthGuard, TenancyModule] })
export class AuthModule {}
