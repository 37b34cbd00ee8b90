import { existsSync, globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import fc from 'fast-check';
import { createParser, type EventSourceMessage } from 'eventsource-parser';
import {
  ChatStreamRelay,
  encodeChatRequest,
  readChatRequest,
  readUsage,
  relayChatAnswer,
} from '../../libs/wire/index.js';

/** Recorded traffic of real providers; it lies beside the repository. */
const RECORDED = join(import.meta.dirname, '..', '..', '..', 'shared', 'wire');
const WIRES = ['openai.chat', 'azure.chat', 'groq.chat', 'deepseek.chat', 'mistral.chat'];

interface Exchange {
  tags: string[];
  request: { body?: unknown } | null;
  response: { status: number; body?: unknown; sse?: string };
}

interface Chunk {
  model?: unknown;
  choices?: { finish_reason?: string | null }[] | null;
  usage?: unknown;
  error?: unknown;
}

const exchanges: [string, Exchange][] = WIRES.flatMap((wire) => globSync(join(RECORDED, wire, '*.json')))
  .sort()
  .map((file) => [basename(file, '.json'), JSON.parse(readFileSync(file, 'utf8')) as Exchange]);
const streams = exchanges.filter(([, { response }]) => response.sse !== undefined);
const answers = exchanges.filter(([, { response }]) => response.status === 200 && isRecord(response.body));
/** Azure's own path names the model, so a body of it may not. */
const requests = exchanges.filter(
  ([, { request, response }]) =>
    response.status === 200 && isRecord(request?.body) && request.body['model'] !== undefined,
);

const ALIAS = 'what the caller "called" it';

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function eventsOf(stream: string): EventSourceMessage[] {
  const events: EventSourceMessage[] = [];
  const parser = createParser({ onEvent: (event) => events.push(event) });
  parser.feed(stream);
  return events;
}

function relay(
  sse: string,
  hideUsage: boolean,
  cuts: number[],
): { relay: ChatStreamRelay; out: string; ending: string } {
  const bytes = Buffer.from(sse);
  const relay = new ChatStreamRelay({ alias: ALIAS, hideUsage, maxFrameBytes: 1 << 20 });
  const out: Buffer[] = [];
  let from = 0;
  for (const to of [...cuts.map((cut) => cut % bytes.length).sort((one, other) => one - other), bytes.length]) {
    const sent = relay.push(bytes.subarray(from, to));
    if (sent !== null) out.push(sent);
    from = to;
  }
  const { ending, bytes: last } = relay.end();
  if (last !== null) out.push(last);
  return { relay, out: Buffer.concat(out).toString(), ending };
}

/** What of the recorded events a caller should see: all up to an error, with the alias, usage only if asked for. */
function expectedEvents(recorded: EventSourceMessage[], hideUsage: boolean): unknown[] {
  const seen: unknown[] = [];
  for (const event of recorded) {
    if (event.data === '[DONE]') return [...seen, event];
    const chunk = JSON.parse(event.data) as Chunk;
    if (event.event === 'error' || (chunk.error ?? null) !== null) return seen;
    if (hideUsage && isRecord(chunk.usage) && !chunk.choices?.length) continue;
    if ('model' in chunk) chunk.model = ALIAS;
    if (hideUsage) delete chunk.usage;
    seen.push({ ...event, data: chunk });
  }
  return seen;
}

const parsed = (event: EventSourceMessage): unknown =>
  event.data === '[DONE]' ? event : { ...event, data: JSON.parse(event.data) as unknown };

const there = existsSync(RECORDED) ? describe : describe.skip;
const cases = <T>(given: T[]): T[] =>
  given.length > 0 ? given : ([['recordings are absent from ../shared/wire', {}]] as T[]);

there('recorded provider streams', () => {
  it.each(cases(streams))('%s reaches the caller event for event, however it is cut', (_, { response, tags }) => {
    const sse = response.sse!;
    const recorded = eventsOf(sse);
    const chunks = recorded.filter(({ data }) => data !== '[DONE]').map(({ data }) => JSON.parse(data) as Chunk);
    const lastUsage = chunks.findLast(({ usage }) => isRecord(usage))?.usage;
    const anyCuts = fc.oneof(
      fc.array(fc.nat(), { maxLength: 20 }),
      fc.array(fc.nat(), { minLength: 200, maxLength: 400 }),
    );
    fc.assert(
      fc.property(anyCuts, fc.boolean(), (cuts, hideUsage) => {
        const told = relay(sse, hideUsage, cuts);
        expect(eventsOf(told.out).map(parsed)).toEqual(expectedEvents(recorded, hideUsage));
        expect(told.relay.usage).toEqual(readUsage(lastUsage));
        expect(told.relay.finishReason).toBe(
          chunks.flatMap(({ choices }) => choices ?? []).findLast(({ finish_reason: reason }) => reason)
            ?.finish_reason ?? null,
        );
        const failed = tags.includes('error_mid_stream');
        expect(told.ending).toBe(
          failed ? 'failed' : tags.includes('done_marker') ? 'complete' : 'complete_without_done',
        );
        expect(told.relay.failureKind).toBe(failed ? 'upstream_error' : null);
        expect(isRecord(told.relay.upstreamError)).toBe(failed);
        expect(told.relay.sawFirstToken).toBe(!failed);
      }),
      { numRuns: 15 },
    );
  });

  it.each(cases(streams))('%s is truncated when it breaks off anywhere before its end', (_, { response, tags }) => {
    if (tags.includes('error_mid_stream')) return;
    const bytes = Buffer.from(response.sse!);
    const finishes = response.sse!.search(/"finish_reason": ?"[a-z]/);
    fc.assert(
      fc.property(fc.nat({ max: finishes }), (cut) => {
        const broken = new ChatStreamRelay({ alias: ALIAS, hideUsage: false, maxFrameBytes: 1 << 20 });
        broken.push(bytes.subarray(0, cut));
        expect(broken.end().ending).toBe('truncated');
      }),
      { numRuns: 30 },
    );
  });

  it.each(cases(answers))('%s is relayed as a whole answer with the name alone changed', (_, { response }) => {
    const body = response.body as {
      model?: unknown;
      usage?: unknown;
      error?: unknown;
      choices?: { finish_reason: string }[];
    };
    const answer = relayChatAnswer(Buffer.from(JSON.stringify(body, null, 1)), ALIAS);
    if (body.error !== undefined) {
      expect(answer).toEqual({ kind: 'upstream_error', error: body.error });
      return;
    }
    expect(answer).toMatchObject({
      kind: 'answer',
      usage: readUsage(body.usage),
      finishReason: body.choices?.at(-1)?.finish_reason || null,
    });
    if (answer.kind !== 'answer') return;
    expect(answer.body.toString()).toBe(JSON.stringify({ ...body, model: ALIAS }, null, 1));
  });

  it.each(cases(requests))('%s was a request that is accepted and re-encoded', (_, { request }) => {
    const body = request!.body as Record<string, unknown>;
    const read = readChatRequest(Buffer.from(JSON.stringify(body)));
    const patch = { model: 'up', defaultParams: {}, enableThinking: null, systemPrefix: null, includeUsage: true };
    const out = JSON.parse(encodeChatRequest(read, patch).toString()) as unknown;
    const options = isRecord(body['stream_options']) ? body['stream_options'] : {};
    const wanted = { ...body, model: 'up' };
    expect(out).toEqual(read.stream ? { ...wanted, stream_options: { ...options, include_usage: true } } : wanted);
  });
});
