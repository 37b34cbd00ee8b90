import { GatewayError } from '../../../libs/protocol/index.js';
import { ChatStreamRelay } from '../../../libs/wire/index.js';
import type { HistogramSeries } from '../../infra/telemetry/series.js';
import { StreamMeter } from '../../usage/meter.js';
import { ChunkedWriter } from '../chunked-writer.js';
import { cutWhenStalled, endStream, writeStreamHead } from '../reply-writer.js';
import type { Answer, AnswerHost } from './answer.js';
import { errorInside } from './refusal.answer.js';

export interface StreamLimits {
  maxFrameBytes: number;
  /** How long a caller may leave the stream unread. */
  stallMs: number;
}

/** How long an upstream may take to close its stream once it has said `[DONE]`. */
const CLOSING_MS = 500;

/**
 * An event stream, relayed as it comes. Nothing is sent to the caller before the first whole event: until then another
 * target can still be tried. Back-pressure holds on both sides.
 */
export class StreamAnswer implements Answer {
  private readonly relay: ChatStreamRelay;
  private readonly meter: StreamMeter;
  private readonly writer: ChunkedWriter;
  private holding = false;
  private lastWait: NodeJS.Timeout | null = null;

  constructor(
    private readonly host: AnswerHost,
    private readonly limits: StreamLimits,
    gaps: HistogramSeries,
  ) {
    const { request, model } = host.call;
    this.relay = new ChatStreamRelay({
      alias: model.rewriteModelName ? request.model : null,
      hideUsage: !request.includeUsage,
      maxFrameBytes: limits.maxFrameBytes,
    });
    this.writer = new ChunkedWriter(host.response);
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
      endStream(host.response, host.exchange, ending === 'complete');
      if (host.response.writableLength > 0) cutWhenStalled(host.response, this.limits.stallMs);
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
    const flowing = this.writer.write(out);
    this.meter.passed();
    if (!flowing && !this.holding) this.hold();
  }

  private hold(): void {
    const { host } = this;
    this.holding = true;
    host.pause();
    cutWhenStalled(host.response, this.limits.stallMs);
    this.writer.drainable.once('drain', () => {
      this.holding = false;
      host.response.setTimeout(0);
      host.resume();
    });
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
