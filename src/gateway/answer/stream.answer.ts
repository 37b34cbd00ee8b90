import { GatewayError } from '../../../libs/protocol/index.js';
import { DONE_FRAME } from '../../../libs/streaming/index.js';
import { ChatStreamRelay } from '../../../libs/wire/index.js';
import type { HistogramSeries } from '../../infra/telemetry/series.js';
import { StreamMeter } from '../../usage/meter.js';
import { writeStreamHead } from '../reply-writer.js';
import type { Answer, AnswerHost } from './answer.js';
import { CallerStream } from './caller-stream.js';
import { errorInside } from './refusal.answer.js';

export interface StreamLimits {
  maxFrameBytes: number;
  /** How long a caller may leave the stream unread. */
  stallMs: number;
}

const DONE = Buffer.from(DONE_FRAME);
/** How long an upstream may take to close its stream once it has said `[DONE]`. */
const CLOSING_MS = 500;

/**
 * An event stream, relayed as it comes. Nothing is sent to the caller before the first whole event: until then another
 * target can still be tried. Back-pressure holds on both sides.
 */
export class StreamAnswer implements Answer {
  private readonly relay: ChatStreamRelay;
  private readonly meter: StreamMeter;
  private readonly out: CallerStream;
  private lastWait: NodeJS.Timeout | null = null;

  constructor(
    private readonly host: AnswerHost,
    limits: StreamLimits,
    gaps: HistogramSeries,
  ) {
    const { call } = host;
    this.relay = new ChatStreamRelay({
      alias: call.model.rewriteModelName ? call.modelName : null,
      hideUsage: !call.includeUsage,
      maxFrameBytes: limits.maxFrameBytes,
    });
    this.out = new CallerStream(host, limits.stallMs);
    this.meter = new StreamMeter(host.exchange, this.relay, gaps);
    host.exchange.atEnd(() => this.clearWait());
  }

  data(chunk: Buffer): void {
    const out = this.relay.push(chunk);
    if (out !== null) this.send(out);
    if (this.relay.failureKind !== null) this.fail();
    // The caller has it all: an upstream that does not close behind its end mark is not waited for.
    else if (this.relay.done) this.lastWait ??= setTimeout(() => this.end(), CLOSING_MS);
  }

  end(): void {
    this.clearWait();
    const { host, relay } = this;
    const { ending, bytes } = relay.end();
    if (bytes !== null) this.send(bytes);
    if (ending === 'failed') {
      this.fail();
    } else if (ending === 'truncated' || relay.chunks === 0) {
      const error = new GatewayError('upstream_error', 'The upstream ended its stream before the answer was complete.');
      host.failed({ error, retryable: true, blame: 'backend' });
    } else {
      if (!host.response.headersSent) writeStreamHead(host.response, host.exchange);
      host.exchange.finishReason = relay.finishReason;
      host.succeeded();
      this.out.end(ending === 'complete' ? null : DONE);
    }
  }

  private send(out: Buffer): void {
    const { response, exchange } = this.host;
    if (!response.headersSent) {
      // Comments before the first event only keep a connection warm: they must not cost the caller a fallback.
      if (this.relay.chunks === 0) return;
      writeStreamHead(response, exchange);
      exchange.meter = this.meter;
    }
    this.out.write(out);
    this.meter.passed();
  }

  private clearWait(): void {
    if (this.lastWait !== null) clearTimeout(this.lastWait);
    this.lastWait = null;
  }

  private fail(): void {
    const { failureKind, upstreamError } = this.relay;
    if (failureKind === 'upstream_error') {
      this.host.failed(errorInside(upstreamError, this.host.secret));
      return;
    }
    const why = failureKind === 'frame_too_large' ? 'an event of its stream is too large' : 'its stream is malformed';
    const error = new GatewayError('upstream_error', `Invalid answer of the upstream: ${why}.`);
    this.host.failed({ error, retryable: true, blame: 'backend' });
  }
}
