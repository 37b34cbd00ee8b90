import { eventually, GatewayProcess, QUESTION } from '../support/gateway-process.js';
import { RawConnection } from '../support/raw-http.js';
import { ScriptedUpstream } from '../support/scripted-upstream.js';

const MB = 1_048_576;
/** What may be held of all bodies at once. */
const HELD_MB = 4;

describe('strangers', () => {
  let gateway: GatewayProcess;
  let upstream: ScriptedUpstream;
  let key: string;

  beforeAll(async () => {
    upstream = (await ScriptedUpstream.start()).willAnswer();
    gateway = await GatewayProcess.start({
      env: { OMNI_HEALTH_CHECKS: 'false', OMNI_MAX_BUFFERED_BYTES: String(HELD_MB * MB) },
    });
    await gateway.model('m', [upstream.url]);
    key = (await gateway.key()).key;
  });
  afterAll(async () => {
    await gateway?.stop();
    await upstream?.close();
  });

  /** Most of a body, and nothing more. */
  async function unfinished(path: string, secret: string): Promise<RawConnection> {
    const connection = await RawConnection.open(gateway.url);
    await connection.send(
      `POST ${path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${secret}\r\n` +
        `content-type: application/json\r\ncontent-length: ${MB}\r\n\r\n`,
    );
    await connection.send(Buffer.alloc(MB - 1024, 0x20));
    return connection;
  }

  it.each([
    ['without a key of ours', '/v1/chat/completions', 'og-' + 'x'.repeat(43)],
    ['of the admin API', '/admin/v1/models', 'none'],
  ])('leave room for calls with bodies %s', async (_what, path, secret) => {
    expect((await gateway.chat(key, QUESTION)).status).toBe(200);
    const strangers: RawConnection[] = [];
    try {
      while (strangers.length < 2 * HELD_MB) strangers.push(await unfinished(path, secret));
      const refused = (): number => strangers.filter(({ text }) => text.includes(' 503 ')).length;
      if (path.startsWith('/v1/')) await eventually(() => refused() >= HELD_MB, 20_000);
      const long = { ...QUESTION, padding: ' '.repeat(1.2 * MB) };
      for (let call = 0; call < 3; call += 1) expect((await gateway.chat(key, long)).status).toBe(200);
    } finally {
      for (const connection of strangers) connection.destroy();
    }
  });
});
