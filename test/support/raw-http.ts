import { readFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** An answer read from the wire, for what no HTTP client would send. */
export interface RawAnswer {
  status: number;
  headers: Record<string, string>;
  body: string;
}

/** A bare TCP connection to a server. */
export class RawConnection {
  text = '';
  closed = false;
  private readonly whenClosed: Promise<void>;

  private constructor(private readonly socket: Socket) {
    socket.setEncoding('latin1').on('data', (part: string) => (this.text += part));
    socket.on('error', () => undefined);
    this.whenClosed = new Promise((resolve) => {
      const close = (): void => {
        this.closed = true;
        resolve();
      };
      socket.once('end', close).once('close', close);
    });
  }

  static async open(url: string): Promise<RawConnection> {
    const { hostname, port } = new URL(url);
    const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true });
    const connection = new RawConnection(socket);
    await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject));
    return connection;
  }

  /** Resolves once the system has taken the bytes. */
  async send(bytes: string | Buffer): Promise<void> {
    await new Promise((resolve) => this.socket.write(bytes, resolve));
  }

  /** Stops and resumes reading, so that the server's bytes pile up. */
  pause(): void {
    this.socket.pause();
  }

  resume(): void {
    this.socket.resume();
  }

  /** Says that nothing more will be sent. */
  finish(): void {
    this.socket.end();
  }

  destroy(): void {
    this.socket.destroy();
  }

  /** Waits until the server has closed. */
  async end(timeoutMs = 5000): Promise<void> {
    const late = await Promise.race([this.whenClosed, sleep(timeoutMs, 'late', { ref: false })]);
    if (late === 'late') throw new Error(`the server did not close within ${timeoutMs} ms; it said: ${this.text}`);
    this.socket.destroy();
  }

  /** Waits for the given number of whole answers; those with a content length only. */
  async answers(count: number, timeoutMs = 5000): Promise<RawAnswer[]> {
    const deadline = Date.now() + timeoutMs;
    for (;;) {
      const found = parseAnswers(this.text);
      if (found.length >= count) return found;
      if (Date.now() > deadline) throw new Error(`${found.length} of ${count} answers came: ${this.text}`);
      await sleep(5);
    }
  }
}

/** The whole answers in what a server sent, interim ones left out. */
export function parseAnswers(text: string): RawAnswer[] {
  const answers: RawAnswer[] = [];
  let rest = text;
  for (;;) {
    const head = /^HTTP\/1\.1 (\d{3})[^\r]*\r\n([\s\S]*?)\r\n\r\n/.exec(rest);
    if (head === null) return answers;
    const headers = Object.fromEntries(
      (head[2] ?? '').split('\r\n').map((line) => {
        const colon = line.indexOf(':');
        return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
      }),
    );
    const status = Number(head[1]);
    rest = rest.slice(head[0].length);
    if (status < 200) continue;
    const length = Number(headers['content-length'] ?? 0);
    if (rest.length < length) return answers;
    answers.push({ status, headers, body: Buffer.from(rest.slice(0, length), 'latin1').toString('utf8') });
    rest = rest.slice(length);
  }
}

/** Sends bytes on a connection of their own and waits for one answer. */
export async function rawAnswer(url: string, bytes: string | Buffer, timeoutMs = 5000): Promise<RawAnswer> {
  const connection = await RawConnection.open(url);
  try {
    await connection.send(bytes);
    return (await connection.answers(1, timeoutMs))[0] as RawAnswer;
  } finally {
    connection.destroy();
  }
}

/** The resident memory of a process, bytes. Linux only. */
export async function residentBytes(pid: number): Promise<number> {
  const kilobytes = /VmRSS:\s+(\d+) kB/.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kilobytes) * 1024;
}
