import { Injectable, ValidationPipe, type ArgumentMetadata, type ValidationError } from '@nestjs/common';
import { GatewayError } from '../../libs/protocol/index.js';

/** Checks bodies and queries against their DTO: unknown fields and wrong types are a 400 that names the field. */
@Injectable()
export class AdminValidationPipe extends ValidationPipe {
  constructor() {
    super({
      whitelist: true,
      forbidNonWhitelisted: true,
      forbidUnknownValues: true,
      transform: true,
      stopAtFirstError: true,
      validationError: { target: false, value: false },
      exceptionFactory: (errors) => firstFault(errors),
    });
  }

  override async transform(value: unknown, metadata: ArgumentMetadata): Promise<unknown> {
    if (metadata.type !== 'body') return super.transform(value, metadata);
    const body = value ?? {};
    if (typeof body !== 'object' || Array.isArray(body)) {
      throw new GatewayError('invalid_request', 'The body must be a JSON object.');
    }
    // class-transformer leaves these out without a word.
    const inherited = Object.keys(body).find((field) => field in Object.prototype);
    if (inherited !== undefined) {
      throw new GatewayError('invalid_request', `Unknown field: ${inherited}.`, { param: inherited });
    }
    const lost = lostField(body);
    if (lost !== null) throw new GatewayError('invalid_request', `${lost} cannot be used as a name.`, { param: lost });
    return super.transform(body, metadata);
  }
}

/** The path of a field that Nest would drop from an inner object without a word. */
function lostField(value: unknown, path = ''): string | null {
  if (typeof value !== 'object' || value === null) return null;
  for (const [name, inner] of Object.entries(value)) {
    const at = pathOf(path, name);
    const found = name === 'constructor' ? at : lostField(inner, at);
    if (found !== null) return found;
  }
  return null;
}

/** The first fault, in the order of the fields, with the path of its field as in `rate_limits.rpm`. */
export function firstFault(errors: readonly ValidationError[], path = ''): GatewayError {
  const [error] = errors;
  if (error === undefined) return new GatewayError('invalid_request', 'The request is not valid.');
  const param = pathOf(path, error.property);
  const inner = error.children ?? [];
  if (error.constraints === undefined && inner.length > 0) return firstFault(inner, param);
  const [name, message] = Object.entries(error.constraints ?? {})[0] ?? ['', 'is not valid'];
  if (name === 'whitelistValidation') {
    return new GatewayError('invalid_request', `Unknown field: ${param}.`, { param });
  }
  return new GatewayError('invalid_request', `${atPath(message, error.property, param)}.`, { param });
}

/** What the validator says of a property, with its whole path in the place of its name. */
function atPath(message: string, property: string, path: string): string {
  const each = `each value in ${property} `;
  if (message.startsWith(each)) return `each value in ${path} ${message.slice(each.length)}`;
  return `${path} ${message.startsWith(`${property} `) ? message.slice(property.length + 1) : message}`;
}

function pathOf(parent: string, property: string): string {
  if (/^\d+$/.test(property)) return `${parent}[${property}]`;
  return parent === '' ? property : `${parent}.${property}`;
}
