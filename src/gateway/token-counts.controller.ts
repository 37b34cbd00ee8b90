import { Controller, HttpCode, Post, Req, UseGuards } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { RouteConstraints } from '@nestjs/platform-fastify';
import type { FastifyRequest } from 'fastify';
import { AuthGuard } from '../auth/auth.guard.js';
import { exchangeOf } from '../exchange/exchange-opening.js';
import { DecodeGuard } from './decode.guard.js';
import { COUNTS_TOKENS } from './gemini-path.js';

/**
 * How many tokens a prompt has, by the gateway's own high estimate: the same that limits and budgets reserve by. It costs
 * nothing and asks nobody.
 */
@ApiExcludeController()
@Controller()
@UseGuards(AuthGuard, DecodeGuard)
export class TokenCountsController {
  @Post('v1/messages/count_tokens')
  @HttpCode(200)
  messages(@Req() request: FastifyRequest): { input_tokens: number } {
    return { input_tokens: exchangeOf(request).promptTokensEstimate };
  }

  /** `models/{model}:countTokens`, where a model's name may contain slashes. */
  @Post(['v1/models/*', 'v1beta/models/*'])
  @RouteConstraints(COUNTS_TOKENS)
  @HttpCode(200)
  countTokens(@Req() request: FastifyRequest): { totalTokens: number } {
    return { totalTokens: exchangeOf(request).promptTokensEstimate };
  }
}
