import { Controller, HttpCode, Post, Req, UseGuards } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import { AuthGuard } from '../auth/auth.guard.js';
import { exchangeOf } from '../exchange/exchange-opening.js';
import { DecodeGuard } from './decode.guard.js';

/**
 * How many tokens a prompt has, by the gateway's own high estimate: the same that limits and budgets reserve by. It costs
 * nothing and asks nobody.
 */
@ApiExcludeController()
@Controller('v1/messages/count_tokens')
@UseGuards(AuthGuard, DecodeGuard)
export class TokenCountsController {
  @Post()
  @HttpCode(200)
  count(@Req() request: FastifyRequest): { input_tokens: number } {
    return { input_tokens: exchangeOf(request).promptTokensEstimate };
  }
}
