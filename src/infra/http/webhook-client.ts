import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { Agent, request } from 'undici';
import { Config } from '../../config/config.js';
import { checkWebhookUrl } from './address-policy.js';
import { guardedConnector } from './guarded-connector.js';

/** Longest wait for the connection, and for the whole. */
const CONNECT_TIMEOUT_MS = 3_000;
const TIMEOUT_MS = 5_000;
/** Bytes of an answer that are read so that the connection can be used again; nobody looks at them. */
const MAX_ANSWER_BYTES = 16_384;

/** Posts to addresses that projects and organisations gave: public https hosts, or hosts the operator allows. Follows no redirect. */
@Injectable()
export class WebhookClient implements OnApplicationShutdown {
  private readonly strict: Agent;
  private readonly allowed: Agent;

  constructor(private readonly config: Config) {
    this.strict = this.agent(false);
    this.allowed = this.agent(true);
  }

  /**
   * @param body JSON
   * @returns the HTTP status
   * @throws Error when the address is forbidden, cannot be reached, or does not answer within 5 s
   */
  async post(address: string, body: string, headers: Record<string, string>): Promise<number> {
    const { url, hostAllowed } = checkWebhookUrl(address, this.config.security.allowedPrivateUrls);
    const answer = await request(url, {
      dispatcher: hostAllowed ? this.allowed : this.strict,
      method: 'POST',
      headers: { 'content-type': 'application/json', 'user-agent': 'OmniGate', ...headers },
      body,
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    await answer.body.dump({ limit: MAX_ANSWER_BYTES });
    return answer.statusCode;
  }

  async onApplicationShutdown(): Promise<void> {
    await Promise.all([this.strict.destroy(), this.allowed.destroy()]);
  }

  private agent(hostAllowed: boolean): Agent {
    const connect = guardedConnector({
      timeoutMs: CONNECT_TIMEOUT_MS,
      origin: 'project',
      hostAllowed,
      rejectUnauthorized: true,
    });
    return new Agent({ connect, connections: 4, pipelining: 1 });
  }
}
