import { Controller, Get, HttpCode, Param, Post, Req, UseGuards } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import { GatewayError } from '../../libs/protocol/index.js';
import { AuthGuard } from '../auth/auth.guard.js';
import { exchangeOf } from '../exchange/exchange-opening.js';
import { Registry } from '../registry/registry.service.js';
import type { ModelEntry } from '../registry/snapshot.js';
import type { Caller } from '../tenancy/caller.js';
import { modelShape, type ModelShape, OLLAMA } from './model-lists.js';

/** The models a key may call, in the shape of the caller's dialect. */
@ApiExcludeController()
@Controller(['v1/models', 'v1beta/models'])
@UseGuards(AuthGuard)
export class ModelsController {
  constructor(private readonly registry: Registry) {}

  @Get()
  list(@Req() request: FastifyRequest): object {
    return shapeFor(request).list(modelsOf(this.registry, request));
  }

  /** Model names may contain slashes. */
  @Get('*')
  read(@Req() request: FastifyRequest, @Param('*') name: string): object {
    return shapeFor(request).one(modelOf(this.registry, request, name));
  }
}

/** The same as Ollama's clients ask for it. */
@ApiExcludeController()
@Controller('api')
@UseGuards(AuthGuard)
export class OllamaModelsController {
  constructor(private readonly registry: Registry) {}

  @Get('tags')
  tags(@Req() request: FastifyRequest): object {
    return OLLAMA.list(modelsOf(this.registry, request));
  }

  @Post('show')
  @HttpCode(200)
  show(@Req() request: FastifyRequest): object {
    // `name` is the older spelling.
    const { model, name } = { ...(request.body as { model?: unknown; name?: unknown } | null | undefined) };
    const asked = model ?? name;
    if (typeof asked !== 'string' || asked === '')
      throw new GatewayError('invalid_request', "'model' is required.", { param: 'model' });
    return OLLAMA.one(modelOf(this.registry, request, asked));
  }

  @Get('version')
  version(): object {
    return { version: OLLAMA_VERSION };
  }
}

/** The release of Ollama whose API this is: clients look for what theirs needs. */
const OLLAMA_VERSION = '0.12.0';

function modelsOf(registry: Registry, request: FastifyRequest): ModelEntry[] {
  const caller = callerOf(request);
  return [...registry.current().models.values()].filter((model) => mayUse(caller, model));
}

function modelOf(registry: Registry, request: FastifyRequest, name: string): ModelEntry {
  const model = registry.current().models.get(name);
  if (model !== undefined && mayUse(callerOf(request), model)) return model;
  throw new GatewayError('model_not_found', `There is no model "${name}".`, { param: 'model' });
}

function shapeFor(request: FastifyRequest): ModelShape {
  return modelShape(exchangeOf(request).path, request.headers);
}

function callerOf(request: FastifyRequest): Caller {
  const { caller } = exchangeOf(request);
  if (caller === null) throw new Error('AuthGuard did not find a caller');
  return caller;
}

function mayUse({ allowedModels }: Caller, { name }: ModelEntry): boolean {
  return allowedModels === null || allowedModels.has(name);
}
