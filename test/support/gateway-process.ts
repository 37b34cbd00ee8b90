import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const ROOT = join(import.meta.dirname, '..', '..');
const START_TIMEOUT_MS = 30_000;

export const ADMIN_KEY = 'test-admin-key-0123456789';

export interface GatewayOptions {
  env?: Record<string, string>;
  /** Kept when given: for tests that start the same gateway again. */
  dataDir?: string;
  /** `null`: the gateway makes its own. */
  adminKey?: string | null;
}

/** The built gateway in a process of its own, as users run it. */
export class GatewayProcess {
  stdout = '';
  stderr = '';
  exitCode: number | null = null;
  private readonly exited: Promise<number | null>;

  private constructor(
    private readonly child: ChildProcess,
    readonly url: string,
    readonly dataDir: string,
    private readonly ownsDataDir: boolean,
    readonly adminKey: string,
  ) {
    this.exited = new Promise((resolve) => {
      child.once('exit', (code) => {
        this.exitCode = code;
        resolve(code);
      });
    });
  }

  static async start(options: GatewayOptions = {}): Promise<GatewayProcess> {
    const dataDir = options.dataDir ?? mkdtempSync(join(tmpdir(), 'omni-e2e-'));
    const adminKey = options.adminKey === undefined ? ADMIN_KEY : options.adminKey;
    const child = spawn(process.execPath, [join(ROOT, 'bin', 'omnigate.mjs'), 'serve'], {
      cwd: dataDir,
      env: {
        PATH: process.env['PATH'],
        HOME: process.env['HOME'],
        PORT: '0',
        HOST: '127.0.0.1',
        OMNI_DATA_DIR: dataDir,
        OMNI_DRAIN_TIMEOUT_MS: '2000',
        ...(adminKey !== null && { ADMIN_API_KEY: adminKey }),
        ...options.env,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const output = { stdout: '', stderr: '' };
    let gateway: GatewayProcess | null = null;
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output.stdout += text;
      if (gateway !== null) gateway.stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      output.stderr += text;
      if (gateway !== null) gateway.stderr += text;
    });
    const url = await listening(child, output);
    const shown = /ADMIN_API_KEY=(\S+)/.exec(output.stderr)?.[1];
    gateway = new GatewayProcess(child, url, dataDir, options.dataDir === undefined, shown ?? adminKey ?? '');
    gateway.stdout = output.stdout;
    gateway.stderr = output.stderr;
    return gateway;
  }

  get pid(): number {
    return this.child.pid ?? -1;
  }

  kill(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  /** Waits for the exit code; `null` when a signal ended the process. */
  async exit(timeoutMs = 20_000): Promise<number | null> {
    const late = sleep(timeoutMs, 'late', { ref: false });
    const code = await Promise.race([this.exited, late]);
    if (code === 'late') throw new Error(`the gateway did not exit within ${timeoutMs} ms`);
    return code as number | null;
  }

  async stop(): Promise<void> {
    if (this.exitCode === null && this.child.signalCode === null) {
      this.kill('SIGTERM');
      await this.exit().catch(() => this.kill('SIGKILL'));
    }
    if (this.ownsDataDir) rmSync(this.dataDir, { recursive: true, force: true });
  }

  /** The call lines of the log so far. */
  callLines(): Record<string, any>[] {
    return this.stdout
      .split('\n')
      .filter((line) => line.startsWith('{') && line.includes('"msg":"call"'))
      .map((line) => JSON.parse(line) as Record<string, any>);
  }

  /** Waits for the log line of a request. */
  async callLine(requestId: string, timeoutMs = 5000): Promise<Record<string, any>> {
    return eventually(() => this.callLines().find((line) => line['request_id'] === requestId), timeoutMs);
  }

  async admin(method: string, path: string, body?: unknown): Promise<{ status: number; body: any; headers: Headers }> {
    const response = await fetch(`${this.url}/admin/v1${path}`, {
      method,
      headers: { 'x-admin-key': this.adminKey, ...(body !== undefined && { 'content-type': 'application/json' }) },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, body: text === '' ? null : JSON.parse(text), headers: response.headers };
  }

  /** Like `admin`, and fails unless the answer is a success. */
  async manage(method: string, path: string, body?: unknown): Promise<any> {
    const answer = await this.admin(method, path, body);
    if (answer.status >= 300)
      throw new Error(`${method} ${path} answered ${answer.status}: ${JSON.stringify(answer.body)}`);
    return answer.body;
  }

  /** Registers a model on the given upstreams and returns it. */
  async model(name: string, urls: readonly string[], fields: Record<string, unknown> = {}): Promise<any> {
    return this.manage('POST', '/models', {
      name,
      model_id: 'upstream-model',
      backends: urls.map((url) => ({ url })),
      ...fields,
    });
  }

  async key(fields: Record<string, unknown> = {}): Promise<{ key: string; api_key: any }> {
    return this.manage('POST', '/keys', { name: `key-${Math.random().toString(36).slice(2)}`, ...fields });
  }

  chat(
    key: string,
    body: unknown,
    init: { headers?: Record<string, string>; signal?: AbortSignal } = {},
  ): Promise<Response> {
    return fetch(`${this.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', ...init.headers },
      body: typeof body === 'string' ? body : JSON.stringify(body),
      ...(init.signal !== undefined && { signal: init.signal }),
    });
  }

  async metrics(): Promise<string> {
    return (await fetch(`${this.url}/metrics`)).text();
  }
}

async function listening(child: ChildProcess, output: { stdout: string; stderr: string }): Promise<string> {
  let exited = false;
  child.once('exit', () => (exited = true));
  const deadline = Date.now() + START_TIMEOUT_MS;
  while (Date.now() < deadline && !exited) {
    const url = /listens on (http:\S+)/.exec(output.stderr)?.[1];
    if (url !== undefined) return url;
    await sleep(10);
  }
  child.kill('SIGKILL');
  throw new Error(`the gateway did not start:\n${output.stderr}\n${output.stdout}`);
}

const LOOK_EVERY_MS = 20;
/** What one pause between looks counts for at most: while the whole machine stood still, nothing could come. */
const PAUSE_COUNTS_MS = 250;

/** Asks until there is an answer that is neither undefined, null nor false. */
export async function eventually<T>(ask: () => T | Promise<T>, timeoutMs = 5000): Promise<NonNullable<T>> {
  for (let waitedMs = 0; ;) {
    const askedAt = performance.now();
    const answer = await ask();
    if (answer !== undefined && answer !== null && answer !== false) return answer as NonNullable<T>;
    const answeredAt = performance.now();
    if (waitedMs > timeoutMs) throw new Error(`nothing came within ${timeoutMs} ms`);
    await sleep(LOOK_EVERY_MS);
    waitedMs += answeredAt - askedAt + Math.min(performance.now() - answeredAt, PAUSE_COUNTS_MS);
  }
}

export const QUESTION = { model: 'm', messages: [{ role: 'user', content: 'Hello' }] };
