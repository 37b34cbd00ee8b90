import { Controller, Get, Param, Req, UseGuards } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import { GatewayError } from '../../libs/protocol/index.js';
import { AuthGuard } from '../auth/auth.guard.js';
import { exchangeOf } from '../exchange/exchange-opening.js';
import { Registry } from '../registry/registry.service.js';
import type { ModelEntry } from '../registry/snapshot.js';
import type { Caller } from '../tenancy/caller.js';
import { modelShape, type ModelShape } from './model-lists.js';

/** The models a key may call, in the shape of the caller's dialect. */
@ApiExcludeController()
@Controller(['v1/models', 'v1beta/models'])
@UseGuards(AuthGuard)
export class ModelsController {
  constructor(private readonly registry: Registry) {}

  @Get()
  list(@Req() request: FastifyRequest): object {
    const caller = callerOf(request);
    const models = [...this.registry.current().models.values()].filter((model) => mayUse(caller, model));
    return shapeFor(request).list(models);
  }

  /** Model names may contain slashes. */
  @Get('*')
  read(@Req() request: FastifyRequest, @Param('*') name: string): object {
    const model = this.registry.current().models.get(name);
    if (model !== undefined && mayUse(callerOf(request), model)) return shapeFor(request).one(model);
    throw new GatewayError('model_not_found', `There is no model "${name}".`, { param: 'model' });
  }
}

function shapeFor(request: FastifyRequest): ModelShape {
  return modelShape(exchangeOf(request).path, request.headers['anthropic-version']);
}

function callerOf(request: FastifyRequest): Caller {
  const { caller } = exchangeOf(request);
  if (caller === null) throw new Error('AuthGuard did not find a caller');
  return caller;
}

function mayUse({ allowedModels }: Caller, { name }: ModelEntry): boolean {
  return allowedModels === null || allowedModels.has(name);
}
