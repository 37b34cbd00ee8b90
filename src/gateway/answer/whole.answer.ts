import { GatewayError } from '../../../libs/protocol/index.js';
import { relayChatAnswer } from '../../../libs/wire/index.js';
import { priceCall } from '../../exchange/exchanges.service.js';
import { countedUsage } from '../../usage/meter.js';
import { cutWhenStalled, writeWholeAnswer } from '../reply-writer.js';
import type { Answer, AnswerHost } from './answer.js';
import { errorInside } from './refusal.answer.js';

export interface WholeLimits {
  maxBytes: number;
  /** How long a caller may leave the answer unread. */
  stallMs: number;
}

/** A JSON answer: collected up to a cap, its model name rewritten, its usage read, sent in one piece with its true length. */
export class WholeAnswer implements Answer {
  private readonly chunks: Buffer[] = [];
  private bytes = 0;

  constructor(
    private readonly host: AnswerHost,
    private readonly limits: WholeLimits,
  ) {}

  data(chunk: Buffer): void {
    this.bytes += chunk.length;
    const { maxBytes } = this.limits;
    if (this.bytes <= maxBytes) this.chunks.push(chunk);
    else this.invalid(`the upstream's answer is larger than ${maxBytes} bytes`);
  }

  end(): void {
    const { host } = this;
    const { call, exchange } = host;
    const body = this.chunks.length === 1 ? (this.chunks[0] as Buffer) : Buffer.concat(this.chunks);
    const relayed = relayChatAnswer(body, call.model.rewriteModelName ? call.modelName : null);
    if (relayed.kind === 'unreadable') {
      this.invalid(relayed.reason);
      return;
    }
    if (relayed.kind === 'upstream_error') {
      host.failed(errorInside(relayed.error, host.secret));
      return;
    }
    if (call.stream) {
      this.invalid('the upstream answered a stream request with a whole answer');
      return;
    }
    exchange.firstTokenMs = exchange.elapsedMs();
    exchange.finishReason = relayed.finishReason;
    exchange.usage = relayed.usage ?? countedUsage(exchange.promptTokensEstimate, relayed.textBytes);
    exchange.usageSource = relayed.usage === null ? 'counted' : 'upstream';
    host.succeeded();
    priceCall(exchange);
    writeWholeAnswer(host.response, exchange, relayed.body);
    if (host.response.writableLength > 0) cutWhenStalled(host.response, this.limits.stallMs);
  }

  private invalid(reason: string): void {
    const error = new GatewayError('upstream_error', `Invalid answer: ${reason}.`);
    this.host.failed({ error, retryable: true, blame: 'backend' });
  }
}
