import { applyDecorators } from '@nestjs/common';
import { ApiPropertyOptional } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { ValidateBy, ValidateIf } from 'class-validator';
import type { Limits } from '../tenancy/caller.js';
import { isLimit, limitFromInput, limitView, type LimitInput } from './limit.decorator.js';

const MAX_MODELS = 200;
const MAX_NAME_CHARS = 200;
const KINDS = ['rpm', 'tpm', 'concurrency'] as const;

/** Requests and tokens per minute, and calls at the same time, by the name callers use for the model. */
export type ModelLimitsInput = Record<string, { [K in (typeof KINDS)[number]]?: LimitInput }>;

type StoredModelLimits = Readonly<Record<string, Limits>>;

/** A field that holds limits by model, or null. Documented and validated; may be left out. */
export const IsModelLimits = (description: string): PropertyDecorator =>
  applyDecorators(
    ApiPropertyOptional({
      description: `${description} By the name callers use for the model; null: none.`,
      type: 'object',
      nullable: true,
      maxProperties: MAX_MODELS,
      additionalProperties: { type: 'object' },
      example: { 'gpt-4o': { rpm: 60, tpm: 100_000, concurrency: 'unlimited' } },
    }),
    // As it was sent: class-transformer drops names such as toString without a word.
    Transform(({ obj, key }) => (obj as Record<string, unknown>)[key]),
    ValidateIf((_object, value) => value !== undefined && value !== null),
    ValidateBy({
      name: 'isModelLimits',
      validator: {
        validate: (value) => faultOf(value) === null,
        defaultMessage: (args) => `$property ${faultOf(args?.value) ?? 'is not valid'}`,
      },
    }),
  );

function faultOf(value: unknown): string | null {
  if (!isObject(value)) return 'must be an object of limits by model, or null';
  const entries = Object.entries(value);
  if (entries.length > MAX_MODELS) return `must not name more than ${MAX_MODELS} models`;
  for (const [name, limits] of entries) {
    const fault = faultOfModel(name, limits);
    if (fault !== null) return fault;
  }
  return null;
}

function faultOfModel(name: string, limits: unknown): string | null {
  if (name === '' || name.length > MAX_NAME_CHARS || /\p{Cc}/u.test(name)) {
    return `must name models with 1 to ${MAX_NAME_CHARS} characters, none of them a control character`;
  }
  if (!isObject(limits)) return `must hold an object of rpm, tpm and concurrency for ${JSON.stringify(name)}`;
  for (const [kind, limit] of Object.entries(limits)) {
    if (!(KINDS as readonly string[]).includes(kind)) return `must not hold ${JSON.stringify(kind)}`;
    if (!isLimit(limit)) return `must hold whole numbers from 0 up, "unlimited" or null as ${kind} of each model`;
  }
  return null;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Checked limits as they are stored. */
export function modelLimitsFromInput(value: ModelLimitsInput | null): StoredModelLimits | null {
  if (value === null || Object.keys(value).length === 0) return null;
  return mapValues(value, ({ rpm = null, tpm = null, concurrency = null }) => ({
    rpm: limitFromInput(rpm),
    tpm: limitFromInput(tpm),
    concurrency: limitFromInput(concurrency),
  }));
}

/** Stored limits as the API shows them. */
export function modelLimitsView(stored: StoredModelLimits | null): ModelLimitsInput | null {
  if (stored === null) return null;
  return mapValues(stored, ({ rpm, tpm, concurrency }) => ({
    rpm: limitView(rpm),
    tpm: limitView(tpm),
    concurrency: limitView(concurrency),
  }));
}

function mapValues<I, O>(map: Readonly<Record<string, I>>, convert: (value: I) => O): Record<string, O> {
  return Object.fromEntries(Object.entries(map).map(([name, value]) => [name, convert(value)]));
}
