import { Controller, Get, Param, Req, UseGuards } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import { GatewayError } from '../../libs/protocol/index.js';
import { AuthGuard } from '../auth/auth.guard.js';
import { exchangeOf } from '../exchange/exchange-opening.js';
import { Registry } from '../registry/registry.service.js';
import type { ModelEntry } from '../registry/snapshot.js';
import type { Caller } from '../tenancy/caller.js';

interface ModelCard {
  id: string;
  object: 'model';
  created: number;
  owned_by: string;
  context_window: number | null;
  max_output_tokens: number | null;
}

/** The models a key may call, in OpenAI's shape. */
@ApiExcludeController()
@Controller('v1/models')
@UseGuards(AuthGuard)
export class ModelsController {
  constructor(private readonly registry: Registry) {}

  @Get()
  list(@Req() request: FastifyRequest): { object: 'list'; data: ModelCard[] } {
    const caller = callerOf(request);
    const data: ModelCard[] = [];
    for (const model of this.registry.current().models.values()) if (mayUse(caller, model)) data.push(cardOf(model));
    return { object: 'list', data };
  }

  /** Model names may contain slashes. */
  @Get('*')
  read(@Req() request: FastifyRequest, @Param('*') name: string): ModelCard {
    const model = this.registry.current().models.get(name);
    if (model !== undefined && mayUse(callerOf(request), model)) return cardOf(model);
    throw new GatewayError('model_not_found', `There is no model "${name}".`, { param: 'model' });
  }
}

function callerOf(request: FastifyRequest): Caller {
  const { caller } = exchangeOf(request);
  if (caller === null) throw new Error('AuthGuard did not find a caller');
  return caller;
}

function mayUse({ allowedModels }: Caller, { name }: ModelEntry): boolean {
  return allowedModels === null || allowedModels.has(name);
}

function cardOf(model: ModelEntry): ModelCard {
  return {
    id: model.name,
    object: 'model',
    created: model.createdAtSeconds,
    owned_by: model.backends[0]?.provider?.name ?? 'omnigate',
    context_window: model.contextWindow,
    max_output_tokens: model.maxOutputTokens,
  };
}
