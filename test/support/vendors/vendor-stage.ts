import type { ServerResponse } from 'node:http';
import type { FormatId } from '../../../libs/protocol/index.js';
import { answerJson, type ReceivedCall, ScriptedUpstream } from '../scripted-upstream.js';
import { VENDOR_REQUESTS } from '../shapes/vendor-requests.shape.js';
import { CHAT_VENDOR } from './chat-vendor.js';
import { GEMINI_VENDOR } from './gemini-vendor.js';
import { hear, type HeardRequest } from './heard-request.js';
import { MESSAGES_VENDOR } from './messages-vendor.js';
import { RESPONSES_VENDOR } from './responses-vendor.js';
import type { SpokenAnswer, Vendor } from './vendor.js';

export const VENDORS = {
  'openai-chat': CHAT_VENDOR,
  'openai-responses': RESPONSES_VENDOR,
  'anthropic-messages': MESSAGES_VENDOR,
  'gemini-generate-content': GEMINI_VENDOR,
} as const satisfies Partial<Record<FormatId, Vendor>>;

export type VendorFormat = keyof typeof VENDORS;

/**
 * One server that plays all vendors, told apart by the path that is called. Each refuses a request that is not of its published
 * shape with a 400 that names the faults.
 */
export class VendorStage {
  /** What was understood of each request, in their order. */
  readonly heard: HeardRequest[] = [];
  private lines: readonly SpokenAnswer[] = [];
  private next = 0;

  private constructor(readonly upstream: ScriptedUpstream) {}

  static async open(): Promise<VendorStage> {
    return new VendorStage(await ScriptedUpstream.start());
  }

  /** Variables that make the gateway know this server as every vendor. */
  get environment(): Record<string, string> {
    const { url } = this.upstream;
    return {
      OPENAI_API_KEY: 'sk-test',
      OPENAI_BASE_URL: `${url}/v1`,
      ANTHROPIC_API_KEY: 'sk-ant-test',
      ANTHROPIC_BASE_URL: url,
      GEMINI_API_KEY: 'g-test',
      GEMINI_BASE_URL: url,
      OPENAI_COMPATIBLE_BASE_URL: `${url}/v1`,
    };
  }

  /** Answers one call with each of these, in their order, and the last of them for good. */
  will(...answers: readonly [SpokenAnswer, ...SpokenAnswer[]]): void {
    this.lines = answers;
    this.next = 0;
    this.heard.length = 0;
    this.upstream.calls.length = 0;
    this.upstream.will((call, response) => this.answer(call, response));
  }

  /** What was understood of the request that came last. */
  get lastHeard(): HeardRequest {
    const last = this.heard.at(-1);
    if (last === undefined) throw new Error('no request has come');
    return last;
  }

  async close(): Promise<void> {
    await this.upstream.close();
  }

  private answer(call: ReceivedCall, response: ServerResponse): void {
    const format = formatOf(call);
    const faults = VENDOR_REQUESTS[format](call.body, '');
    if (faults.length > 0) {
      answerJson(response, 400, VENDORS[format].refusal(`The vendor refuses: ${faults.join('; ')}`));
      return;
    }
    this.heard.push(hear(format, call.body));
    const answer = this.lines[Math.min(this.next, this.lines.length - 1)];
    this.next += 1;
    if (answer === undefined) throw new Error('nothing is to be said');
    const vendor = VENDORS[format];
    if (!wantsStream(call)) {
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(vendor.whole(answer)));
      return;
    }
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    const bytes = Buffer.from(vendor.stream(answer));
    for (let at = 0; at < bytes.length; at += 97) response.write(bytes.subarray(at, at + 97));
    response.end();
  }
}

/** The vendor that is called. */
export function formatOf({ path }: ReceivedCall): VendorFormat {
  if (path.includes('/chat/completions')) return 'openai-chat';
  if (path.includes('/responses')) return 'openai-responses';
  if (path.includes('/v1/messages')) return 'anthropic-messages';
  if (/^\/v1beta\/models\/[^/]+:(?:generateContent|streamGenerateContent\?alt=sse)$/.test(path))
    return 'gemini-generate-content';
  throw new Error(`no vendor is called at ${path}`);
}

/** Where each vendor wants to be asked for a stream. */
export const wantsStream = ({ path, body }: ReceivedCall): boolean =>
  path.includes(':streamGenerateContent') || body['stream'] === true;
