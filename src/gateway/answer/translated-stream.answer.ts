import { GatewayError, type StreamEvent, type Usage } from '../../../libs/protocol/index.js';
import type { StreamDecoder, StreamEncoder } from '../../../libs/wire/index.js';
import type { HistogramSeries } from '../../infra/telemetry/series.js';
import { type StreamCounts, StreamMeter } from '../../usage/meter.js';
import { writeStreamHead } from '../reply-writer.js';
import { answerContext, lossHeader, type Translation } from '../translate/translation.js';
import { asWireError } from '../translate/wire-failure.js';
import type { Answer, AnswerHost } from './answer.js';
import { CallerStream } from './caller-stream.js';
import { refusalOf } from './refusal.answer.js';
import type { StreamLimits } from './stream.answer.js';

/** Events that say nothing yet: until another one comes, another target can still be tried. */
const PRELUDE: ReadonlySet<StreamEvent['type']> = new Set([
  'answer-start',
  'keep-alive',
  'extensions-add',
  'usage-update',
]);
/** How long an upstream may take to close its stream once it has said its last word. */
const CLOSING_MS = 500;

/** A streamed answer of another format, event by event in the caller's words. */
export class TranslatedStreamAnswer implements Answer, StreamCounts {
  tokenEvents = 0;
  textBytes = 0;
  usage: Usage | null = null;
  private readonly decoder: StreamDecoder;
  private readonly encoder: StreamEncoder;
  private readonly meter: StreamMeter;
  private readonly out: CallerStream;
  private begun = false;
  private ended = false;
  /** What was encoded and waits for the first event that says something. */
  private held: (string | Buffer)[] = [];
  private lastWait: NodeJS.Timeout | null = null;

  constructor(
    private readonly host: AnswerHost,
    private readonly translation: Translation,
    limits: StreamLimits,
    gaps: HistogramSeries,
  ) {
    const { call, exchange } = host;
    this.decoder = translation.target.decodeEvents({ maxFrameBytes: limits.maxFrameBytes });
    this.encoder = translation.caller.encodeEvents(answerContext(call, exchange, translation.report));
    this.meter = new StreamMeter(exchange, this, gaps);
    this.out = new CallerStream(host, limits.stallMs);
    exchange.atEnd(() => this.clearWait());
  }

  data(chunk: Buffer): void {
    this.take(this.decoder.push(chunk));
    // The caller has it all: an upstream that does not close behind its end is not waited for.
    if (this.ended) this.lastWait ??= setTimeout(() => this.end(), CLOSING_MS);
  }

  end(): void {
    this.clearWait();
    const { host } = this;
    if (!this.ended && !this.take(this.decoder.end())) return;
    if (!this.ended) {
      const error = new GatewayError('upstream_error', 'The upstream ended its stream before the answer was complete.');
      host.failed({ error, retryable: true, blame: 'backend' });
      return;
    }
    this.begin();
    host.succeeded();
    this.out.end();
  }

  /** `false` when the stream failed. */
  private take(events: readonly StreamEvent[]): boolean {
    for (const event of events) {
      if (event.type === 'error') {
        this.host.failed(refusalOf(event.error, this.host.secret));
        return false;
      }
      this.count(event);
      const encoded = this.encoder.push(event);
      if (encoded.length > 0) this.held.push(encoded);
      if (event.type === 'answer-end') this.ended = true;
      if (!PRELUDE.has(event.type)) this.begin();
    }
    if (this.begun) this.flush();
    return true;
  }

  private count(event: StreamEvent): void {
    switch (event.type) {
      case 'text-delta':
      case 'reasoning-delta':
      case 'summary-delta':
      case 'refusal-delta':
      case 'arguments-delta':
        this.tokenEvents += 1;
        this.textBytes += Buffer.byteLength(event.text);
        break;
      case 'usage-update':
        this.usage = event.usage;
        break;
      case 'choice-finish':
        this.host.exchange.finishReason = event.finish.raw ?? event.finish.reason;
        break;
    }
  }

  private begin(): void {
    if (this.begun) return;
    this.begun = true;
    const { exchange, response } = this.host;
    exchange.loss = lossHeader(this.translation.report);
    writeStreamHead(response, exchange);
    exchange.meter = this.meter;
    exchange.errorFrame = (error) => this.encoder.push({ type: 'error', error: asWireError(error) });
    this.flush();
  }

  private flush(): void {
    const [first] = this.held;
    if (first === undefined) return;
    const piece = this.held.length === 1 ? bufferOf(first) : Buffer.concat(this.held.map(bufferOf));
    this.held = [];
    this.out.write(piece);
    this.meter.passed();
  }

  private clearWait(): void {
    if (this.lastWait !== null) clearTimeout(this.lastWait);
    this.lastWait = null;
  }
}

const bufferOf = (piece: string | Buffer): Buffer => (typeof piece === 'string' ? Buffer.from(piece) : piece);
