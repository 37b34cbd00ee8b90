import { Controller, Post, Req, Res, UseGuards } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { AuthGuard } from '../auth/auth.guard.js';
import { BudgetGuard } from '../budget/budget.guard.js';
import { exchangeOf } from '../exchange/exchange-opening.js';
import { RateLimitGuard } from '../rate-limit/rate-limit.guard.js';
import { AdmissionGuard } from './admission.guard.js';
import { DecodeGuard } from './decode.guard.js';
import { Dispatcher } from './dispatcher.service.js';

/**
 * The client API, read from top to bottom: who is calling, what is asked and of which model, whether it is admitted; then the
 * call goes out. What was taken on the way is given back when the exchange ends, however it ends.
 */
@ApiExcludeController()
@Controller('v1')
@UseGuards(AuthGuard, DecodeGuard, RateLimitGuard, BudgetGuard, AdmissionGuard)
export class GatewayController {
  constructor(private readonly dispatcher: Dispatcher) {}

  @Post('chat/completions')
  chatCompletions(@Req() request: FastifyRequest, @Res() reply: FastifyReply): void {
    if (request.chatCall === null) throw new Error('DecodeGuard did not decode the call');
    reply.hijack();
    this.dispatcher.dispatch(request.chatCall, exchangeOf(request), reply.raw);
  }
}
