import { GatewayError, type Usage } from '../../../libs/protocol/index.js';
import { priceCall } from '../../exchange/exchanges.service.js';
import { countedUsage } from '../../usage/meter.js';
import type { EndpointPlan, TranslatedAnswer } from '../endpoint/endpoint-ask.js';
import { writeTranslatedAnswer } from '../reply-writer.js';
import { lossHeader } from '../translate/translation.js';
import type { Answer, AnswerHost } from './answer.js';
import { refusalOf } from './refusal.answer.js';
import type { WholeLimits } from './whole.answer.js';

type Headers = Readonly<Record<string, string | string[] | undefined>>;

/** Embeddings or documents in order: collected up to a cap, put into the caller's words, sent in one piece. */
export class EndpointAnswer implements Answer {
  private readonly chunks: Buffer[] = [];
  private bytes = 0;

  constructor(
    private readonly host: AnswerHost,
    private readonly plan: EndpointPlan,
    private readonly headers: Headers,
    private readonly limits: WholeLimits,
  ) {}

  data(chunk: Buffer): void {
    this.bytes += chunk.length;
    const { maxBytes } = this.limits;
    if (this.bytes <= maxBytes) this.chunks.push(chunk);
    else this.invalid(`the upstream's answer is larger than ${maxBytes} bytes`);
  }

  end(): void {
    const { host, plan } = this;
    const { call, exchange } = host;
    const model = call.model.rewriteModelName ? call.modelName : null;
    const answer = plan.answer(Buffer.concat(this.chunks), this.headers, { id: exchange.id, model });
    if (!answer.ok) {
      host.failed(refusalOf(answer.error, host.secret));
      return;
    }
    exchange.usage = this.usageOf(answer);
    exchange.usageSource = answer.usage === null ? 'counted' : 'upstream';
    exchange.loss = lossHeader(plan.report);
    host.succeeded();
    priceCall(exchange);
    writeTranslatedAnswer(host.response, exchange, answer.body, this.limits.stallMs);
  }

  /** Searches that are told count beside tokens that are counted. */
  private usageOf({ usage, searchUnits = 0 }: TranslatedAnswer): Usage {
    const tokens = usage ?? countedUsage(this.host.exchange.promptTokensEstimate, 0);
    return searchUnits === 0 ? tokens : { ...tokens, searchUnits };
  }

  private invalid(reason: string): void {
    const error = new GatewayError('upstream_error', `Invalid answer: ${reason}.`);
    this.host.failed({ error, retryable: true, blame: 'backend' });
  }
}
