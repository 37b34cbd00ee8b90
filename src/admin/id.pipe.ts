import { Injectable, type PipeTransform } from '@nestjs/common';
import { GatewayError } from '../../libs/protocol/index.js';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** Lets ids through; what cannot be one names nothing, so it is a 404. */
@Injectable()
export class IdPipe implements PipeTransform<string, string> {
  transform(value: string): string {
    if (!UUID.test(value)) throw new GatewayError('not_found', 'There is no such thing.');
    return value.toLowerCase();
  }
}
