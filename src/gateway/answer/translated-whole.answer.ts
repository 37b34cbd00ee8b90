import { GatewayError } from '../../../libs/protocol/index.js';
import { priceCall } from '../../exchange/exchanges.service.js';
import { countedUsage } from '../../usage/meter.js';
import { writeTranslatedAnswer } from '../reply-writer.js';
import { answerContext, lossHeader, type Translation } from '../translate/translation.js';
import type { Answer, AnswerHost } from './answer.js';
import { refusalOf } from './refusal.answer.js';
import { spokenBytes } from './spoken-bytes.js';
import type { WholeLimits } from './whole.answer.js';

/** A whole answer of another format: collected up to a cap, decoded, written in the caller's words. */
export class TranslatedWholeAnswer implements Answer {
  private readonly chunks: Buffer[] = [];
  private bytes = 0;

  constructor(
    private readonly host: AnswerHost,
    private readonly translation: Translation,
    private readonly limits: WholeLimits,
  ) {}

  data(chunk: Buffer): void {
    this.bytes += chunk.length;
    const { maxBytes } = this.limits;
    if (this.bytes <= maxBytes) this.chunks.push(chunk);
    else this.invalid(`the upstream's answer is larger than ${maxBytes} bytes`);
  }

  end(): void {
    const { host, translation } = this;
    const { call, exchange } = host;
    const decoded = translation.target.decodeAnswer(Buffer.concat(this.chunks));
    if (!decoded.ok) {
      host.failed(refusalOf(decoded.error, host.secret));
      return;
    }
    if (call.stream) {
      this.invalid('the upstream answered a stream request with a whole answer');
      return;
    }
    const { value: answer } = decoded;
    exchange.firstTokenMs = exchange.elapsedMs();
    const finish = answer.choices[0]?.finish;
    exchange.finishReason = finish?.raw ?? finish?.reason ?? null;
    exchange.usage = answer.usage ?? countedUsage(exchange.promptTokensEstimate, spokenBytes(answer));
    exchange.usageSource = answer.usage === null ? 'counted' : 'upstream';
    const context = answerContext(call, exchange, translation.report);
    const body = Buffer.from(JSON.stringify(translation.caller.encodeAnswer(answer, context)));
    exchange.loss = lossHeader(translation.report);
    host.succeeded();
    priceCall(exchange);
    writeTranslatedAnswer(host.response, exchange, body, this.limits.stallMs);
  }

  private invalid(reason: string): void {
    const error = new GatewayError('upstream_error', `Invalid answer: ${reason}.`);
    this.host.failed({ error, retryable: true, blame: 'backend' });
  }
}
