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
@Controller()
@UseGuards(AuthGuard, DecodeGuard, RateLimitGuard, BudgetGuard, AdmissionGuard)
export class GatewayController {
  constructor(private readonly dispatcher: Dispatcher) {}

  @Post('v1/chat/completions')
  chatCompletions(@Req() request: FastifyRequest, @Res() reply: FastifyReply): void {
    this.dispatch(request, reply);
  }

  @Post('v1/responses')
  responses(@Req() request: FastifyRequest, @Res() reply: FastifyReply): void {
    this.dispatch(request, reply);
  }

  @Post('v1/messages')
  messages(@Req() request: FastifyRequest, @Res() reply: FastifyReply): void {
    this.dispatch(request, reply);
  }

  /** Cohere's. */
  @Post('v2/chat')
  cohereChat(@Req() request: FastifyRequest, @Res() reply: FastifyReply): void {
    this.dispatch(request, reply);
  }

  /** Ollama's. */
  @Post('api/chat')
  ollamaChat(@Req() request: FastifyRequest, @Res() reply: FastifyReply): void {
    this.dispatch(request, reply);
  }

  @Post(['v1/embeddings', 'v2/embed'])
  embeddings(@Req() request: FastifyRequest, @Res() reply: FastifyReply): void {
    this.dispatch(request, reply);
  }

  @Post(['v1/rerank', 'v2/rerank'])
  rerank(@Req() request: FastifyRequest, @Res() reply: FastifyReply): void {
    this.dispatch(request, reply);
  }

  /** `models/{model}:generateContent`, `:streamGenerateContent` and `:embedContent`, where a model's name may contain slashes. */
  @Post(['v1/models/*', 'v1beta/models/*'])
  generateContent(@Req() request: FastifyRequest, @Res() reply: FastifyReply): void {
    this.dispatch(request, reply);
  }

  private dispatch(request: FastifyRequest, reply: FastifyReply): void {
    if (request.call === null) throw new Error('DecodeGuard did not decode the call');
    reply.hijack();
    this.dispatcher.dispatch(request.call, exchangeOf(request), reply.raw);
  }
}
