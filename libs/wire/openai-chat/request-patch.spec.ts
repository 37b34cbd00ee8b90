import fc from 'fast-check';
import { type ChatPatch, encodeChatRequest, readChatRequest } from '../index.js';

const NO_CHANGE: ChatPatch = {
  model: 'm',
  defaultParams: {},
  enableThinking: null,
  systemPrefix: null,
  includeUsage: false,
};

function encoded(raw: string, patch: Partial<ChatPatch>): string {
  return encodeChatRequest(readChatRequest(Buffer.from(raw)), { ...NO_CHANGE, ...patch }).toString();
}

type Body = Record<string, unknown> & { messages: { role: string; content?: unknown }[] };
const EXTENSIONS = ['omni_route', 'omni_provider', 'omni_metadata', 'fallback_models', 'omni_cache', 'omni_strict'];
const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The same patch on the parsed body, in the order of the contract. */
function oracle(raw: string, patch: ChatPatch): unknown {
  const given = Object.entries(JSON.parse(raw) as Body);
  let body = Object.fromEntries(given.filter(([name]) => !EXTENSIONS.includes(name))) as Body;
  const hasMax = 'max_tokens' in body || 'max_completion_tokens' in body;
  for (const [name, value] of Object.entries(patch.defaultParams)) {
    if (name.startsWith('max_') ? hasMax : name in body) continue;
    if (name === 'stream_options' && body['stream'] !== true) continue;
    if (name !== 'stream' && !EXTENSIONS.includes(name)) body[name] = value;
  }
  const wanted = patch.maxTokensField;
  const other = wanted === 'max_tokens' ? 'max_completion_tokens' : 'max_tokens';
  if (wanted !== undefined && other in body && (!hasMax || !(wanted in body))) {
    const { [other]: limit, ...rest } = body;
    body = { [wanted]: limit, ...rest } as Body;
  }
  const set = (field: string, name: string, value: boolean): void => {
    body[field] = { ...(isRecord(body[field]) ? body[field] : {}), [name]: value };
  };
  if (patch.enableThinking !== null) set('chat_template_kwargs', 'enable_thinking', patch.enableThinking);
  if (patch.includeUsage && body['stream'] === true) set('stream_options', 'include_usage', true);
  if (patch.systemPrefix) prepend(body, patch.systemPrefix);
  body['model'] = patch.model;
  return body;
}

function prepend(body: Body, prefix: string): void {
  const system = body.messages.find(
    ({ role, content }) =>
      ['system', 'developer'].includes(role) && (typeof content === 'string' || Array.isArray(content)),
  );
  if (typeof system?.content === 'string') system.content = `${prefix}\n${system.content}`;
  else if (Array.isArray(system?.content)) system.content.unshift({ type: 'text', text: prefix });
  else body.messages.unshift({ role: 'system', content: prefix });
}

const aText = fc.string({ unit: fc.constantFrom('a', '"', '\\', '\n', 'é', '😀', '}', ','), maxLength: 80 });
const aMessage = fc.record(
  {
    role: fc.constantFrom('system', 'developer', 'user', 'assistant'),
    content: fc.oneof(
      aText,
      fc.array(fc.record({ type: fc.constant('text'), text: aText }), { maxLength: 2 }),
      fc.constant(null),
    ),
  },
  { requiredKeys: ['role'] },
);
const kwargs = fc.oneof(
  fc.constant(null),
  fc.record({ enable_thinking: fc.oneof(fc.boolean(), fc.constant(null)), a: fc.nat() }, { requiredKeys: [] }),
);
const aBody = fc
  .record(
    {
      model: fc.oneof(
        fc.constant('m'),
        aText.filter((text) => text !== ''),
      ),
      messages: fc.array(aMessage, { minLength: 1, maxLength: 4 }),
      stream: fc.constantFrom(true, true, false, null),
      stream_options: fc.oneof(
        fc.constant(null),
        fc.record({ include_usage: fc.constantFrom(true, false, null), x: fc.nat() }, { requiredKeys: [] }),
      ),
      chat_template_kwargs: fc.oneof(kwargs, fc.constant('odd')),
      max_tokens: fc.integer({ min: 1, max: 99 }),
      max_completion_tokens: fc.integer({ min: 1, max: 99 }),
      temperature: fc.constantFrom(0.5, null),
      omni_route: fc.constantFrom('r', null),
      omni_metadata: fc.dictionary(fc.stringMatching(/^[a-z]{1,5}$/), fc.string({ maxLength: 9 }), { maxKeys: 3 }),
      fallback_models: fc.constant(['a', 'b']),
      omni_strict: fc.boolean(),
      unknown: fc.jsonValue({ maxDepth: 2 }),
    },
    { requiredKeys: ['model', 'messages'] },
  )
  .chain((body) => fc.shuffledSubarray(Object.entries(body), { minLength: Object.keys(body).length }))
  .map((entries) => Object.fromEntries(entries));
const aPatch: fc.Arbitrary<ChatPatch> = fc.record({
  model: fc.oneof(
    fc.constant('m'),
    aText.filter((text) => text !== ''),
  ),
  defaultParams: fc.record(
    {
      max_tokens: fc.constant(7),
      max_completion_tokens: fc.constant(8),
      temperature: fc.double({ noNaN: true, noDefaultInfinity: true }),
      chat_template_kwargs: kwargs,
      stream_options: fc.constant({ y: 1 }),
      stream: fc.constant(true),
      omni_strict: fc.constant(true),
      'odd "name"': fc.constant([1]),
    },
    { requiredKeys: [] },
  ),
  enableThinking: fc.constantFrom(true, false, null),
  systemPrefix: fc.option(aText),
  includeUsage: fc.boolean(),
  maxTokensField: fc.constantFrom('max_tokens' as const, 'max_completion_tokens' as const, undefined),
});

describe('encodeChatRequest', () => {
  it('makes of any request what parsing, patching and writing it anew would', () => {
    fc.assert(
      fc.property(aBody, aPatch, fc.constantFrom('', ' ', '\n\t'), (body, patch, indent) => {
        const raw = JSON.stringify(body, null, indent);
        const request = readChatRequest(Buffer.from(raw));
        const out = encodeChatRequest(request, patch);
        // Both default caps apply where the caller gave none, as two members.
        expect(JSON.parse(out.toString())).toEqual(JSON.parse(JSON.stringify(oracle(raw, patch))));
        expect(request.raw.toString()).toBe(raw);
        expect(() => readChatRequest(out)).not.toThrow();
      }),
      { numRuns: 300 },
    );
  });

  it('leaves numbers, escapes, spacing, key order and unknown fields as the caller wrote them', () => {
    const raw =
      '{ "z":12345678901234567890, "messages":[ {"role":"user","content":"\\u00e9\\/","x":1.0} ],\n' +
      ' "stream":true,"seed" : 1E2, "model":"m", "a":{"b":[1.50,-0]} }';
    expect(encoded(raw, { model: 'up', includeUsage: true, defaultParams: { top_p: 0.5 } })).toBe(
      raw
        .replace('"model":"m"', '"model":"up"')
        .replace(/ }$/, ' ,"top_p":0.5,"stream_options":{"include_usage":true}}'),
    );
  });

  it('gives back the very buffer when nothing changes', () => {
    const raw = Buffer.from(
      '{"model":"m","messages":[{"role":"user","content":"x"}],"stream":true,"stream_options":{"include_usage":true},' +
        '"temperature":1,"chat_template_kwargs":{"enable_thinking":false}}',
    );
    const patch = { ...NO_CHANGE, defaultParams: { temperature: 0 }, enableThinking: false, includeUsage: true };
    expect(encodeChatRequest(readChatRequest(raw), patch)).toBe(raw);
  });

  it('keeps the other members of what it writes into, byte for byte', () => {
    const raw =
      '{"model":"m","messages":[{"role":"user"}],"stream":true,"chat_template_kwargs":{ "n":1.0 , "enable_thinking" : true },' +
      '"stream_options":{"x":12345678901234567890 }}';
    expect(encoded(raw, { enableThinking: false, includeUsage: true })).toBe(
      raw
        .replace('"enable_thinking" : true', '"enable_thinking" : false')
        .replace('890 }', '890 ,"include_usage":true}'),
    );
  });

  it('treats max_tokens and max_completion_tokens as one field when the caller gave either', () => {
    const raw = '{"model":"m","messages":[{"role":"user"}],"max_completion_tokens":5}';
    expect(encoded(raw, { defaultParams: { max_tokens: 9 } })).toBe(raw);
  });

  it('calls the limit what the upstream calls it, and leaves a caller who gives both alone', () => {
    const raw = '{"model":"m","messages":[{"role":"user"}], "max_completion_tokens" : 5}';
    expect(encoded(raw, { maxTokensField: 'max_tokens' })).toBe(raw.replace('max_completion_tokens', 'max_tokens'));
    expect(encoded(raw, { maxTokensField: 'max_completion_tokens' })).toBe(raw);
    const both = '{"model":"m","messages":[{"role":"user"}],"max_tokens":4,"max_completion_tokens":5}';
    expect(encoded(both, { maxTokensField: 'max_tokens' })).toBe(both);
    const bare = '{"model":"m","messages":[{"role":"user"}]}';
    const patch = { maxTokensField: 'max_tokens', defaultParams: { max_completion_tokens: 9 } } as const;
    expect(encoded(bare, patch)).toBe(bare.replace(/}$/, ',"max_tokens":9}'));
  });

  it('never lets a default decide what was asked or reach for the gateway itself', () => {
    const raw = '{"model":"m","messages":[{"role":"user"}]}';
    const defaultParams = JSON.parse(
      '{"stream":true,"messages":[],"model":"x","omni_route":"r","__proto__":{"a":1}}',
    ) as object;
    expect(encoded(raw, { defaultParams: defaultParams as Record<string, unknown> })).toBe(raw);
  });

  it('takes the extensions out wherever they stand', () => {
    const rest = '"model":"m","messages":[{"role":"user"}]';
    for (const raw of [
      `{"omni_route":"r","omni_cache":true,${rest}}`,
      `{${rest},"omni_route":"r","omni_cache":true}`,
      `{${rest} , "omni_route":"r" , "omni_cache":true }`,
      `{${rest},"omni_r\\u006fute":"r"}`,
      `{${rest},"omni_route":"r"   ,\n\n"omni_cache":true , "omni_strict":null}`,
      `{"model":"m","omni_route":null,"messages":[{"role":"user"}],"fallback_models":[]}`,
    ]) {
      const out = encoded(raw, {});
      expect(JSON.parse(out)).toEqual({ model: 'm', messages: [{ role: 'user' }] });
      expect(out).not.toMatch(/omni|fallback/);
    }
  });

  it('overrides a setting that a nested object names twice, so that neither can win', () => {
    const raw =
      '{"model":"m","messages":[{"role":"user"}],' +
      '"chat_template_kwargs":{"enable_thinking":true,"a":1,"enable\\u005fthinking":true,"__proto__":{"b":2}}}';
    const out = encoded(raw, { enableThinking: false });
    expect(out).toContain('"chat_template_kwargs":{"enable_thinking":false,"a":1,"__proto__":{"b":2}}');
    expect(({} as { b?: number }).b).toBeUndefined();
  });

  it('puts the system prefix before a system message, into its parts, or in a message of its own', () => {
    const body = (messages: string): string => `{"model":"m","messages":${messages}}`;
    const user = '{"role":"user","content":"hi"}';
    const prefix = 'Be "kind".';
    for (const [given, wanted] of [
      [`[${user},{"content":"a","role":"system"}]`, `[${user},{"content":"Be \\"kind\\".\\na","role":"system"}]`],
      [`[ {"role":"developer","content":""} ]`, `[ {"role":"developer","content":"Be \\"kind\\".\\n"} ]`],
      [`[{"role":"system","content":[]}]`, `[{"role":"system","content":[{"type":"text","text":"Be \\"kind\\"."}]}]`],
      // Which of two contents counts is for the upstream to say: neither is written into.
      [
        `[{"role":"system","content":"a","content":"b"}]`,
        `[{"role":"system","content":"Be \\"kind\\"."},{"role":"system","content":"a","content":"b"}]`,
      ],
      [`[ ${user}]`, `[{"role":"system","content":"Be \\"kind\\"."}, ${user}]`],
      [
        `[{"role":"system","content":null},${user}]`,
        `[{"role":"system","content":"Be \\"kind\\"."},{"role":"system","content":null},${user}]`,
      ],
    ]) {
      expect(encoded(body(given!), { systemPrefix: prefix })).toBe(body(wanted!));
    }
  });
});
