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
    return super.transform(body, metadata);
  }
}

/** The first fault, in the order of the fields, with the path of its field as in `rate_limits.rpm`. */
export function firstFault(errors: readonly ValidationError[], path = ''): GatewayError {
  const [error] = errors;
  if (error === undefined) return new GatewayError('invalid_request', 'The request is not valid.');
  const param = /^\d+$/.test(error.property)
    ? `${path}[${error.property}]`
    : [path, error.property].filter(Boolean).join('.');
  if (error.constraints === undefined && error.children !== undefined && error.children.length > 0) {
    return firstFault(error.children, param);
  }
  const [name, message] = Object.entries(error.constraints ?? {})[0] ?? ['', 'is not valid'];
  if (name === 'whitelistValidation') {
    return new GatewayError('invalid_request', `Unknown field: ${param}.`, { param });
  }
  const words = message.startsWith(`${error.property} `) ? message.slice(error.property.length + 1) : message;
  return new GatewayError('invalid_request', `${param} ${words}.`, { param });
}
