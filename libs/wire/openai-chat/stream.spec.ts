import fc from 'fast-check';
import { createParser, type EventSourceMessage } from 'eventsource-parser';
import { ChatStreamRelay, type ChatStreamRelayOptions } from '../index.js';

const MAX_FRAME_BYTES = 1 << 16;

interface Told {
  out: string;
  ending: string;
  failureKind: string | null;
  upstreamError: unknown;
  done: boolean;
  chunks: number;
  tokenEvents: number;
  textBytes: number;
  finishReason: string | null;
  usage: unknown;
}

/** Relays a stream cut at the given places and tells everything the relay says of it. */
function relayed(stream: string | Buffer, given: Partial<ChatStreamRelayOptions> = {}, cuts: number[] = []): Told {
  const bytes = Buffer.from(stream as string);
  const relay = new ChatStreamRelay({ alias: 'alias', hideUsage: false, maxFrameBytes: MAX_FRAME_BYTES, ...given });
  const out: Buffer[] = [];
  const places = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].sort((one, other) => one - other);
  let from = 0;
  for (const to of [...places, bytes.length]) {
    // A copy that is overwritten afterwards: nothing may be read from a chunk once it has been pushed and sent.
    const chunk = Buffer.from(bytes.subarray(from, to));
    const given = relay.push(chunk);
    if (given !== null) out.push(Buffer.from(given));
    chunk.fill(0x21);
    from = to;
  }
  const { ending, bytes: last } = relay.end();
  if (last !== null) out.push(last);
  return {
    out: Buffer.concat(out).toString(),
    ending,
    failureKind: relay.failureKind,
    upstreamError: relay.upstreamError,
    done: relay.done,
    chunks: relay.chunks,
    tokenEvents: relay.tokenEvents,
    textBytes: relay.textBytes,
    finishReason: relay.finishReason,
    usage: relay.usage,
  };
}

function events(stream: string): EventSourceMessage[] {
  const read: EventSourceMessage[] = [];
  const parser = createParser({ onEvent: (event) => read.push(event) });
  // A CR at the very end would have the parser wait for its LF.
  parser.feed(stream.endsWith('\r') ? `${stream}\n` : stream);
  return read;
}

const chunk = (delta: object, more: object = {}): string =>
  `data: ${JSON.stringify({ id: 'c', model: 'up', choices: [{ index: 0, delta, finish_reason: null }], ...more })}\n\n`;
const finish = (reason = 'stop', index = 0): string =>
  `data: ${JSON.stringify({ model: 'up', choices: [{ index, delta: {}, finish_reason: reason }] })}\n\n`;
const usageChunk =
  'data: {"model":"up","choices":[],"usage":{"prompt_tokens":5,"completion_tokens":2,"total_tokens":7}}\n\n';
const done = 'data: [DONE]\n\n';

/** Streams written in every way the format allows. */
const aText = fc.string({ unit: fc.constantFrom('a', '"', '\\', '\n', 'é', '😀', ' ', 'data: '), maxLength: 60 });
const aUsage = fc.option(fc.record({ prompt_tokens: fc.nat(99), completion_tokens: fc.nat(99) }), { nil: null });
const aChunk = fc
  .record(
    {
      id: fc.constant('c'),
      model: fc.oneof(fc.constantFrom('up', 'alias'), aText),
      choices: fc.array(
        fc.record(
          {
            index: fc.nat({ max: 2 }),
            delta: fc.record(
              {
                content: fc.option(aText),
                reasoning_content: aText,
                tool_calls: fc.constant([{ function: { arguments: 'x' } }]),
              },
              { requiredKeys: [] },
            ),
            finish_reason: fc.option(fc.constantFrom('stop', 'length', '')),
          },
          { requiredKeys: [] },
        ),
        { maxLength: 3 },
      ),
      usage: aUsage,
      extra: fc.jsonValue({ maxDepth: 2 }),
    },
    { requiredKeys: [] },
  )
  .chain((value) => fc.shuffledSubarray(Object.entries(value), { minLength: Object.keys(value).length }))
  .map((entries) => Object.fromEntries(entries));
const aFrame = fc
  .record({
    value: aChunk,
    indent: fc.constantFrom('', '', ' '),
    field: fc.constantFrom('data: ', 'data:'),
    before: fc.constantFrom('', '', ': ping\n', 'event: chunk\n', 'id: 7\n', 'retry: 3\n', '\n', ': a\n\n'),
    after: fc.constantFrom('', '', ': inside\n', 'id: 8\n'),
  })
  .map(({ value, indent, field, before, after }) => {
    const lines = JSON.stringify(value, null, indent).split('\n');
    return `${before}${lines.map((line) => `${field}${line}\n`).join('')}${after}\n`;
  });
const aStream = fc
  .record({
    bom: fc.constantFrom('', '\uFEFF'),
    frames: fc.array(aFrame, { maxLength: 6 }),
    end: fc.constantFrom(
      '',
      done,
      done,
      'data:[DONE]\n\nafter\n\n',
      'data: {"error":{"message":"no"}}\n\n',
      'data: {"a":\n\n',
      'data: {"x":1}',
      done.trim(),
    ),
    lineEnd: fc.constantFrom('\n', '\n', '\r\n', '\r'),
  })
  .map(({ bom, frames, end, lineEnd }) => bom + [...frames, end].join('').replaceAll('\n', lineEnd));

/** The rules of the relay, applied to one event with JSON.parse. */
function expected(event: EventSourceMessage, options: Pick<ChatStreamRelayOptions, 'alias' | 'hideUsage'>): unknown[] {
  if (event.data === '[DONE]') return [event];
  const value = JSON.parse(event.data) as { model?: unknown; usage?: unknown; choices?: unknown[] };
  if (options.alias !== null && Object.hasOwn(value, 'model')) value.model = options.alias;
  if (options.hideUsage && value.usage && (value.choices ?? []).length === 0) return [];
  if (options.hideUsage) delete value.usage;
  return [{ ...event, data: value }];
}

describe('ChatStreamRelay', () => {
  it('sends on the same bytes and tells the same, however the stream is cut into chunks', () => {
    fc.assert(
      fc.property(aStream, fc.boolean(), fc.array(fc.nat(), { maxLength: 12 }), (stream, hideUsage, cuts) => {
        const whole = relayed(stream, { hideUsage });
        expect(relayed(stream, { hideUsage }, cuts)).toEqual(whole);
        const everyByte = Array.from({ length: Buffer.byteLength(stream) }, (_, index) => index);
        expect(relayed(stream, { hideUsage }, everyByte)).toEqual(whole);
      }),
      { numRuns: 150 },
    );
  });

  it('gives a client the events of the upstream, but for the model name and hidden usage', () => {
    const sound = fc.tuple(fc.array(aFrame, { maxLength: 6 }), fc.constantFrom('\n', '\r\n', '\r'));
    const options = fc.record({ alias: fc.constantFrom('alias', null), hideUsage: fc.boolean() });
    fc.assert(
      fc.property(sound, options, fc.array(fc.nat(), { maxLength: 5 }), ([frames, lineEnd], given, cuts) => {
        const stream = [...frames, done].join('').replaceAll('\n', lineEnd);
        const told = relayed(stream, given, cuts);
        expect(told.ending).toBe('complete');
        const got = events(told.out).map((event) =>
          event.data === '[DONE]' ? event : { ...event, data: JSON.parse(event.data) as unknown },
        );
        expect(got).toEqual(events(stream).flatMap((event) => expected(event, given)));
      }),
      { numRuns: 150 },
    );
  });

  it('gives back the very chunk when it holds whole frames and nothing changes', () => {
    const relay = new ChatStreamRelay({ alias: 'up', hideUsage: true, maxFrameBytes: MAX_FRAME_BYTES });
    const bytes = Buffer.from(chunk({ content: 'a' }) + chunk({ content: 'b' }));
    expect(relay.push(bytes)).toBe(bytes);
    const more = Buffer.concat([bytes, Buffer.from('data: {')]);
    const out = relay.push(more);
    expect(out?.buffer).toBe(more.buffer);
    expect(out?.length).toBe(bytes.length);
  });

  it('sends nothing of an event before its end', () => {
    const relay = new ChatStreamRelay({ alias: 'alias', hideUsage: false, maxFrameBytes: MAX_FRAME_BYTES });
    const bytes = Buffer.from(chunk({ content: 'hello' }));
    expect(relay.push(bytes.subarray(0, bytes.length - 1))).toBeNull();
    expect(relay.sawFirstToken).toBe(false);
    expect(relay.push(bytes.subarray(bytes.length - 1))?.toString()).toBe(bytes.toString().replace('"up"', '"alias"'));
    expect(relay.sawFirstToken).toBe(true);
  });

  it('replaces the top-level model alone, wherever it stands, and touches no other byte', () => {
    const tail = '"n":12345678901234567890,"f":1.0,"x":{"model":"up"},"choices":[{"delta":{"content":"\\u0065\\/"}}]';
    for (const [given, wanted] of [
      [`{"model":"up",${tail}}`, `{"model":"alias",${tail}}`],
      [`{${tail} , "model" : "up" }`, `{${tail} , "model" : "alias" }`],
      [`{${tail},"\\u006dodel":null}`, `{${tail},"\\u006dodel":"alias"}`],
      [`{${tail}}`, `{${tail}}`],
    ]) {
      expect(relayed(`data:${given!}\n\n`).out).toBe(`data:${wanted!}\n\n`);
    }
  });

  it('forwards [DONE] once and nothing behind it', () => {
    for (const lineEnd of ['\n', '\r\n', '\r']) {
      const stream = `${chunk({ content: 'a' })}${done}${done}: late\n\n${chunk({ content: 'b' })}`.replaceAll(
        '\n',
        lineEnd,
      );
      const told = relayed(stream);
      expect(told.out.match(/\[DONE\]/g)).toHaveLength(1);
      expect(events(told.out).at(-1)?.data).toBe('[DONE]');
      expect(told.out).not.toContain('late');
      expect(told.ending).toBe('complete');
      expect(told.chunks).toBe(1);
    }
  });

  it('passes a keep-alive comment at once and in place', () => {
    const relay = new ChatStreamRelay({ alias: 'alias', hideUsage: false, maxFrameBytes: MAX_FRAME_BYTES });
    expect(relay.push(Buffer.from(': ping\n'))?.toString()).toBe(': ping\n');
    expect(relay.push(Buffer.from('\n: pong\n\nda'))?.toString()).toBe('\n: pong\n\n');
    expect(relay.sawFirstToken).toBe(false);
  });

  it('drops events with empty data, which clients would try to parse', () => {
    expect(relayed(`data:\n\ndata: \n\ndata\n\n${done}`).out).toBe(done);
  });

  describe('usage', () => {
    it('is the last one seen, never a sum', () => {
      const usage = (count: number): object => ({ usage: { prompt_tokens: 3, completion_tokens: count } });
      const stream = chunk({ content: 'a' }, usage(1)) + chunk({ content: 'b' }, usage(2)) + finish() + done;
      expect(relayed(stream).usage).toMatchObject({ promptTokens: 3, completionTokens: 2, totalTokens: 5 });
    });

    it('is read and taken out when the caller did not ask for it', () => {
      const stream = chunk({ content: 'a' }, { usage: null }) + finish() + usageChunk + done;
      const told = relayed(stream, { hideUsage: true });
      expect(told.out).not.toContain('usage');
      expect(events(told.out)).toHaveLength(3);
      expect(told.usage).toMatchObject({ promptTokens: 5, completionTokens: 2 });
    });

    it('stays for the caller who asked', () => {
      expect(relayed(usageChunk + done).out).toBe((usageChunk + done).replace('"up"', '"alias"'));
    });

    it('stays out of a chunk without choices that is no usage chunk, but the chunk passes', () => {
      const filter = 'data: {"choices":[],"prompt_filter_results":[],"usage":null}\n\n';
      const told = relayed(filter, { hideUsage: true });
      expect(told.out).toBe('data: {"choices":[],"prompt_filter_results":[]}\n\n');
    });

    it('survives a junk value behind a sound one', () => {
      expect(relayed(`${usageChunk}data: {"choices":[],"usage":7}\n\n`).usage).toMatchObject({ promptTokens: 5 });
    });
  });

  describe('errors inside the stream', () => {
    it.each([
      ['as OpenAI and OpenRouter write them', 'data: {"error":{"message":"no","code":502},"choices":[]}\n\n'],
      ['as events of their own', 'event: error\ndata: {"error":{"message":"no","code":502}}\n\n'],
      ['as a field of their own', 'error: {"message":"no","code":502}\n\n'],
      ['as events without an envelope', 'event:error\ndata: {"message":"no","code":502}\n\n'],
    ])('are reported and not relayed, %s', (_, frame) => {
      const told = relayed(`${chunk({ content: 'a' })}${frame}${chunk({ content: 'b' })}${done}`);
      expect(told).toMatchObject({ failureKind: 'upstream_error', ending: 'failed', done: false });
      expect(told.upstreamError).toMatchObject({ message: 'no', code: 502 });
      expect(told.out).toBe(chunk({ content: 'a' }).replace('"up"', '"alias"'));
    });

    it('are recognised in the flat form and as plain text', () => {
      expect(relayed('data: {"object":"error","message":"no"}\n\n').upstreamError).toMatchObject({ message: 'no' });
      expect(relayed('event: error\ndata: it broke\n\n').upstreamError).toBe('it broke');
      expect(relayed('data: {"error":"it broke"}\n\n').upstreamError).toBe('it broke');
    });

    it('are not seen in a null, or in what the model says', () => {
      const stream = chunk({ content: '{"error":{}}' }, { error: null }) + finish() + done;
      expect(relayed(stream)).toMatchObject({ failureKind: null, ending: 'complete' });
    });
  });

  describe('frames that are not what they should be', () => {
    it.each([
      '{"a":',
      '{"a":1}}',
      '[1]',
      '"text"',
      'null',
      '<html>',
      '{"model":"a","model":"b"}',
      '[DONE] or not',
      '{"a" 1}',
    ])('end the relay before them: %s', (data) => {
      const told = relayed(`${chunk({ content: 'a' })}data: ${data}\n\n${done}`);
      expect(told).toMatchObject({ failureKind: 'malformed_frame', ending: 'failed', done: false });
      expect(events(told.out)).toHaveLength(1);
    });

    it('end the relay when they are larger than allowed, whole or in pieces, and not when they are as large', () => {
      const frame = 'data: {"choices":[],"pad":"xxxxxxxxxxxxxxxxxxxxxxxx"}\n';
      const cuts = Array.from({ length: frame.length }, (_, index) => index);
      for (const places of [[], cuts]) {
        expect(relayed(`${frame}\n${done}`, { maxFrameBytes: frame.length }, places).ending).toBe('complete');
        const told = relayed(`${done.replace('[DONE]', '{}')}${frame}\n`, { maxFrameBytes: frame.length - 1 }, places);
        expect(told).toMatchObject({ failureKind: 'frame_too_large', ending: 'failed', out: 'data: {}\n\n' });
      }
    });

    it('end the relay when a frame or a comment never ends', () => {
      for (const start of ['data: {"a":"', ': ', 'id: ']) {
        const relay = new ChatStreamRelay({ alias: null, hideUsage: false, maxFrameBytes: 1000 });
        let pushed = 0;
        relay.push(Buffer.from(start));
        while (relay.failureKind === null && pushed < 5000) pushed += relay.push(Buffer.alloc(10, 'x'))?.length ?? 10;
        expect(relay.failureKind).toBe('frame_too_large');
        expect(pushed).toBeLessThan(1020);
      }
    });
  });

  describe('the end', () => {
    it('is complete without [DONE] once every choice has finished', () => {
      expect(relayed(chunk({ content: 'a' }) + finish('length'))).toMatchObject({
        ending: 'complete_without_done',
        finishReason: 'length',
        done: false,
      });
      expect(relayed(finish('stop', 0) + finish('stop', 1)).ending).toBe('complete_without_done');
      const open = chunk({ content: 'a' }, { choices: [{ index: 1, delta: { content: 'b' } }] });
      expect(relayed(finish('stop', 0) + open).ending).toBe('truncated');
    });

    it('is truncated when no finish_reason was seen, or only an empty one', () => {
      expect(relayed(chunk({ content: 'a' })).ending).toBe('truncated');
      expect(relayed(chunk({ content: 'a' }) + finish('')).ending).toBe('truncated');
      expect(relayed('').ending).toBe('truncated');
      expect(relayed(': ping\n\n').ending).toBe('truncated');
    });

    it('is truncated when bytes of an unfinished event are left, and they are not sent on', () => {
      const whole = chunk({ content: 'a' });
      const told = relayed(finish() + whole.slice(0, -10));
      expect(told).toMatchObject({ ending: 'truncated', failureKind: null });
      expect(told.out).toBe(finish().replace('"up"', '"alias"'));
    });

    it('completes a last event that lacks only its blank line', () => {
      for (const left of ['', '\n', '\r', '\r\n']) {
        const told = relayed(finish() + done.trim() + left);
        expect(told.ending).toBe('complete');
        expect(events(told.out).at(-1)?.data).toBe('[DONE]');
      }
      const told = relayed(finish().trim());
      expect(told.ending).toBe('complete_without_done');
      expect(events(told.out)).toHaveLength(1);
    });
  });

  describe('the first token', () => {
    it('is followed by others: events and bytes of text add up, and a frame that fails adds nothing', () => {
      const sound = chunk({ content: 'ab' }) + chunk({ content: '' }) + chunk({ reasoning: 'cde' }) + finish('length');
      const failing =
        'data: {"choices":[{"delta":{"content":"xyz"},"finish_reason":"stop"}],"error":{"message":"no"}}\n\n';
      const counts = { tokenEvents: 2, textBytes: 5, finishReason: 'length' };
      expect(relayed(sound)).toMatchObject(counts);
      expect(relayed(sound + failing)).toMatchObject({ ...counts, ending: 'failed' });
    });

    it.each([
      [{ content: 'a' }, 1],
      [{ reasoning_content: 'abc' }, 3],
      [{ reasoning: 'ab' }, 2],
      [{ reasoning: 'ab', reasoning_content: 'ab' }, 2],
      [{ refusal: 'no' }, 2],
      [{ audio: { data: 'AAAA' } }, 0],
      [{ tool_calls: [{ index: 0, function: { name: 'f', arguments: '{}' } }, { function: null }] }, 3],
      [{ function_call: { name: 'f', arguments: '' } }, 1],
    ])('is seen in %j, with its bytes of text', (delta, bytes) => {
      expect(relayed(chunk(delta))).toMatchObject({ tokenEvents: 1, textBytes: bytes });
    });

    it.each([
      {},
      { role: 'assistant', content: '' },
      { content: null, tool_calls: [] },
      { audio: {}, refusal: null },
      { other: 'a' },
    ])('is not seen in %j', (delta) => {
      expect(relayed(chunk(delta))).toMatchObject({ tokenEvents: 0, textBytes: 0, chunks: 1 });
    });
  });
});
