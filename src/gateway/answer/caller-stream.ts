import { ChunkedWriter } from '../chunked-writer.js';
import { cutWhenStalled, endStream } from '../reply-writer.js';
import type { AnswerHost } from './answer.js';

/** A stream on its way to the caller. While the caller does not read, the upstream is not read either. */
export class CallerStream {
  private readonly writer: ChunkedWriter;
  private holding = false;

  constructor(
    private readonly host: AnswerHost,
    private readonly stallMs: number,
  ) {
    this.writer = new ChunkedWriter(host.response);
  }

  write(piece: Buffer): void {
    if (!this.writer.write(piece) && !this.holding) this.hold();
  }

  /** Ends a stream that went well. @param last what is still to be said */
  end(last: Buffer | null = null): void {
    const { response, exchange } = this.host;
    endStream(response, exchange, last);
    if (response.writableLength > 0) cutWhenStalled(response, this.stallMs);
  }

  private hold(): void {
    const { host } = this;
    this.holding = true;
    host.pause();
    cutWhenStalled(host.response, this.stallMs);
    this.writer.drainable.once('drain', () => {
      this.holding = false;
      host.response.setTimeout(0);
      host.resume();
    });
  }
}
