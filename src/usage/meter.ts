import { isAscii } from 'node:buffer';
import { type Usage, usageOf } from '../../libs/protocol/index.js';
import type { Exchange, UsageMeter } from '../exchange/exchange.js';
import type { HistogramSeries } from '../infra/telemetry/series.js';

/** Bytes of ASCII text per token; used only where an upstream reports no usage. */
const BYTES_PER_TOKEN = 4;
/**
 * What a byte beyond one a UTF-16 unit counts as besides itself. A Chinese character (three bytes) then is one and a half tokens,
 * a Cyrillic letter seven eighths of one: more than tokenizers make of them.
 */
const DENSE_BYTE = 1.5;
/** Looked at together: what is ASCII, as files in base64 are, is passed over in no time. */
const SLICE_BYTES = 65_536;

/** A high estimate of the tokens in `bytes` of text. */
export function estimateTokens(bytes: number): number {
  return Math.ceil(bytes / BYTES_PER_TOKEN);
}

/** UTF-8 text as bytes for `estimateTokens`: those of scripts with more tokens to the byte than English count for more. */
export function weighedBytes(text: Buffer): number {
  if (isAscii(text)) return text.length;
  let weight = text.length;
  for (let from = 0; from < text.length; from += SLICE_BYTES) {
    const slice = text.subarray(from, from + SLICE_BYTES);
    if (!isAscii(slice)) weight += DENSE_BYTE * (slice.length - slice.toString('utf8').length);
  }
  return weight;
}

/** What the meter reads while a stream passes; kept by the relay. */
export interface StreamCounts {
  /** Events so far that carried text, reasoning or tool-call deltas. */
  readonly tokenEvents: number;
  /** Bytes of deltas delivered so far, about. */
  readonly textBytes: number;
  /** The last cumulative usage the upstream reported. */
  readonly usage: Usage | null;
}

/** Counts one stream while it passes: first token, gaps between tokens, and what was used should it break off. */
export class StreamMeter implements UsageMeter {
  private seen = 0;
  private lastAtMs = 0;

  constructor(
    private readonly exchange: Exchange,
    private readonly counts: StreamCounts,
    private readonly gaps: HistogramSeries,
  ) {}

  /** To be called after each piece of the stream that was passed on. */
  passed(): void {
    const { tokenEvents } = this.counts;
    if (tokenEvents === this.seen) return;
    const nowMs = this.exchange.elapsedMs();
    if (this.seen === 0) this.exchange.firstTokenMs = nowMs;
    else this.gaps.observe((nowMs - this.lastAtMs) / 1000);
    this.seen = tokenEvents;
    this.lastAtMs = nowMs;
    this.exchange.lastTokenMs = nowMs;
  }

  tokensSoFar(): number {
    return this.exchange.promptTokensEstimate + estimateTokens(this.counts.textBytes);
  }

  read(exchange: Exchange): void {
    const { usage } = this.counts;
    if (usage !== null) {
      exchange.usage = usage;
      exchange.usageSource = 'upstream';
      return;
    }
    exchange.usage = countedUsage(exchange.promptTokensEstimate, this.counts.textBytes);
    exchange.usageSource = 'counted';
  }
}

/** A call that was sent upstream and has not been answered: should the caller leave now, the prompt was used. */
export const promptMeter: UsageMeter = {
  tokensSoFar: () => 0,
  read(exchange: Exchange): void {
    exchange.usage = countedUsage(exchange.promptTokensEstimate, 0);
    exchange.usageSource = 'counted';
  },
};

/** Usage counted from what was sent and delivered, for answers that report none. */
export function countedUsage(promptTokens: number, deliveredBytes: number): Usage {
  return usageOf({ promptTokens, completionTokens: estimateTokens(deliveredBytes) });
}
