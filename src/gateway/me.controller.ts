import { Controller, Get, Req, UseGuards } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import { AuthGuard, NeedsScope } from '../auth/auth.guard.js';
import { BudgetGuard } from '../budget/budget.guard.js';
import { CounterStore } from '../counters/counter.store.js';
import { exchangeOf } from '../exchange/exchange-opening.js';
import { RateLimitGuard } from '../rate-limit/rate-limit.guard.js';
import { Registry } from '../registry/registry.service.js';
import { meView, type MeView } from './me.view.js';

/** Who is calling, and what is left of limits and budgets. Reading it uses up none of them. */
@ApiExcludeController()
@Controller('v1/me')
@UseGuards(AuthGuard)
@NeedsScope(null)
export class MeController {
  constructor(
    private readonly limits: RateLimitGuard,
    private readonly budgets: BudgetGuard,
    private readonly counters: CounterStore,
    private readonly registry: Registry,
  ) {}

  @Get()
  async me(@Req() request: FastifyRequest): Promise<MeView> {
    const exchange = exchangeOf(request);
    const { caller } = exchange;
    if (caller === null) throw new Error('AuthGuard did not find a caller');
    const claims = [...this.limits.generalClaims(caller), ...this.budgets.claimsAt(caller, exchange.startedAtMs)];
    const states = claims.length === 0 ? [] : await this.counters.read(claims);
    const { providers: shared, projectProviders } = this.registry.current();
    const own = projectProviders.get(caller.projectId)?.keys() ?? [];
    const providers = [...new Set([...shared.keys(), ...own])].sort();
    return meView(caller, { claims, states, providers });
  }
}
