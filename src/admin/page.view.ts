import { applyDecorators, type Type } from '@nestjs/common';
import { ApiExtraModels, ApiOkResponse, getSchemaPath } from '@nestjs/swagger';
import type { Page } from '../infra/database/keyset-page.js';

/** What every list answers. */
export interface PageView<V> {
  data: V[];
  /** For the next page; `null`: this was the last. */
  next_cursor: string | null;
}

/** Renders a page, each row by the resource's view. */
export function pageView<T, V>(page: Page<T>, view: (item: T) => V): PageView<V> {
  return { data: page.items.map(view), next_cursor: page.nextCursor };
}

/** Documents a list of `view`. */
export const ApiPage = (view: Type): MethodDecorator =>
  applyDecorators(
    ApiExtraModels(view),
    ApiOkResponse({
      schema: {
        type: 'object',
        required: ['data', 'next_cursor'],
        properties: {
          data: { type: 'array', items: { $ref: getSchemaPath(view) } },
          next_cursor: {
            type: ['string', 'null'] as unknown as string,
            description: 'For the next page; null: this was the last.',
          },
        },
      },
    }),
  );

/** The answer of a list that asks for what does not exist for this administrator. */
export function emptyPage<V>(): PageView<V> {
  return { data: [], next_cursor: null };
}
