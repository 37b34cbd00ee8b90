import fc from 'fast-check';
import { GatewayError } from '../../protocol/index.js';
import { messagesBytes, readChatRequest } from '../index.js';

const MESSAGES = [{ role: 'user', content: 'hi' }];

const aBody = (more: object = {}): Record<string, unknown> => ({ model: 'gpt-4o', messages: MESSAGES, ...more });
const read = (body: unknown): ReturnType<typeof readChatRequest> => readChatRequest(Buffer.from(JSON.stringify(body)));

function refusal(body: string | Buffer): GatewayError {
  try {
    readChatRequest(Buffer.from(body as string));
  } catch (error) {
    if (error instanceof GatewayError) return error;
    throw error;
  }
  throw new Error('the body was accepted');
}

describe('readChatRequest', () => {
  it('reads what the gateway needs', () => {
    const request = read(
      aBody({ stream: true, stream_options: { include_usage: true }, max_tokens: 5, max_completion_tokens: 9, n: 2 }),
    );
    expect(request).toMatchObject({
      model: 'gpt-4o',
      messages: MESSAGES,
      stream: true,
      includeUsage: true,
      maxTokens: 9,
      choiceCount: 2,
      extensions: { route: null, provider: null, metadata: null, fallbackModels: null, cache: null, strict: null },
    });
    expect(read(aBody())).toMatchObject({ stream: false, includeUsage: false, maxTokens: null, choiceCount: 1 });
  });

  it('reads the extensions', () => {
    const metadata = { team: 'search', constructor: 'x' };
    const request = read(
      aBody({
        omni_route: 'fast',
        omni_provider: 'azure',
        omni_metadata: metadata,
        fallback_models: ['a', 'b'],
        omni_cache: false,
        omni_strict: true,
      }),
    );
    expect(request.extensions).toEqual({
      route: 'fast',
      provider: 'azure',
      metadata,
      fallbackModels: ['a', 'b'],
      cache: false,
      strict: true,
    });
  });

  it('gives the messages as they stand in the body', () => {
    const raw = '{"messages" : [ {"role":"user","content":"1.0"} ] ,"model":"m"}';
    expect(messagesBytes(readChatRequest(Buffer.from(raw))).toString()).toBe('[ {"role":"user","content":"1.0"} ]');
  });

  it('accepts null wherever OpenAI does, and fields it does not know', () => {
    const nullable = [
      'stream stream_options temperature top_p n max_tokens max_completion_tokens presence_penalty frequency_penalty',
      'seed logprobs top_logprobs stop tools tool_choice response_format user metadata',
    ].join(' ');
    const nulls = Object.fromEntries(nullable.split(' ').map((name) => [name, null]));
    expect(read(aBody({ ...nulls, unknown: { deep: [1] }, another: null }))).toMatchObject({
      stream: false,
      maxTokens: null,
    });
    const called = {
      role: 'assistant',
      content: null,
      tool_calls: [{ id: 'c', type: 'function', function: { name: 'f', arguments: '{}' } }],
    };
    const answered = { role: 'tool', tool_call_id: 'c', content: [{ type: 'text', text: '4' }] };
    expect(read(aBody({ messages: [...MESSAGES, called, answered] })).messages).toHaveLength(3);
  });

  it('never throws anything but a refusal, and never repeats what was in the body', () => {
    const secret = 'S3CRET';
    const anyField = fc.constantFrom(
      ...['model', 'messages', 'stream', 'stream_options', 'stop', 'tools', 'n', 'omni_metadata', 'omni_route'],
      ...['fallback_models', 'seed', 'user'],
    );
    const anyValue = fc.oneof(
      fc.constantFrom<unknown>(
        secret,
        [secret],
        { [secret]: secret },
        [{ role: secret }],
        [{ role: 'user', content: [secret] }],
      ),
      fc.jsonValue(),
    );
    fc.assert(
      fc.property(fc.dictionary(anyField, anyValue), fc.boolean(), fc.nat(), (fields, isCut, cut) => {
        const text = JSON.stringify(aBody(fields));
        try {
          readChatRequest(Buffer.from(isCut ? text.slice(0, cut % text.length) : text));
        } catch (error) {
          expect(error).toBeInstanceOf(GatewayError);
          expect(error).toMatchObject({ kind: 'invalid_request', status: 400 });
          expect((error as GatewayError).message).not.toContain(secret);
        }
      }),
    );
  });

  it.each([
    ['an empty body', ''],
    ['white space', '  '],
    ['cut off JSON', '{"model":"gpt-4o","messages":[{"role":"us'],
    ['broken JSON', '{"model":"gpt-4o",}'],
    ['a bad escape', '{"model":"gpt-4o","messages":[{"role":"user","content":"\\x"}]}'],
    ['a raw control character', '{"model":"gpt-4o","messages":[{"role":"user","content":"\u0001"}]}'],
    ['an array', '[]'],
    ['a string', '"text"'],
    ['two objects', '{}{}'],
    ['bad UTF-8', Buffer.from('{"model":"\xff"}', 'latin1')],
    ['endless nesting', `{"model":"m","messages":${'['.repeat(500_000)}`],
    ['nesting of 257', `{"a":${'['.repeat(256)}${']'.repeat(256)}}`],
  ])('refuses %s without naming a field', (_, body) => {
    expect(refusal(body)).toMatchObject({ kind: 'invalid_request', param: null });
  });

  it('accepts nesting of 256', () => {
    const deep = `${'['.repeat(255)}${']'.repeat(255)}`;
    expect(readChatRequest(Buffer.from(JSON.stringify(aBody()).replace(/}$/, `,"a":${deep}}`))).model).toBe('gpt-4o');
  });

  it('refuses a field given twice, be it in disguise, and __proto__', () => {
    const body = JSON.stringify(aBody()).slice(0, -1);
    expect(refusal(`${body},"model":"gpt-4"}`).param).toBe('model');
    expect(refusal(`${body},"\\u006dodel":"gpt-4"}`).param).toBe('model');
    expect(refusal(`${body},"omni_route":"a","omni_rout\\u0065":"b"}`).param).toBe('omni_route');
    expect(refusal(`${body},"__proto__":{"stream":true}}`).param).toBe('__proto__');
    expect(refusal(`${body},"\\u005f_proto__":{"stream":true}}`).param).toBe('__proto__');
  });

  it('is not fooled by a __proto__ below the top level', () => {
    const body = '{"model":"m","messages":[{"__proto__":{"role":"user","content":"x"}}]}';
    expect(refusal(body).param).toBe('messages[0].role');
    expect(({} as { role?: string }).role).toBeUndefined();
  });

  it.each<[string, object]>([
    ['model', { model: undefined }],
    ['model', { model: null }],
    ['model', { model: '' }],
    ['model', { model: 5 }],
    ['model', { model: 'x'.repeat(257) }],
    ['messages', { messages: undefined }],
    ['messages', { messages: null }],
    ['messages', { messages: [] }],
    ['messages', { messages: {} }],
    ['messages', { messages: 'hi' }],
    ['messages[1]', { messages: [...MESSAGES, 'hi'] }],
    ['messages[0]', { messages: [null] }],
    ['messages[0].role', { messages: [{ content: 'hi' }] }],
    ['messages[0].role', { messages: [{ role: 5 }] }],
    ['messages[0].role', { messages: [{ role: 'wizard' }] }],
    ['messages[0].content', { messages: [{ role: 'user', content: 5 }] }],
    ['messages[0].content', { messages: [{ role: 'user', content: {} }] }],
    ['messages[0].content[1]', { messages: [{ role: 'user', content: [{ type: 'text' }, 'x'] }] }],
    ['messages[2].content[0].type', { messages: [...MESSAGES, ...MESSAGES, { role: 'user', content: [{ type: 5 }] }] }],
    ['messages[0].content[0].type', { messages: [{ role: 'user', content: [{ text: 'x' }] }] }],
    ['messages[0].tool_calls', { messages: [{ role: 'assistant', tool_calls: {} }] }],
    ['messages[0].tool_calls[0]', { messages: [{ role: 'assistant', tool_calls: ['x'] }] }],
    ['messages[0].tool_calls[0].id', { messages: [{ role: 'assistant', tool_calls: [{ id: 5 }] }] }],
    ['messages[0].tool_calls[0].function', { messages: [{ role: 'assistant', tool_calls: [{ function: 'f' }] }] }],
    [
      'messages[0].tool_calls[0].function.arguments',
      { messages: [{ role: 'assistant', tool_calls: [{ function: { arguments: {} } }] }] },
    ],
    ['messages[0].tool_call_id', { messages: [{ role: 'tool', tool_call_id: 5 }] }],
    ['stream', { stream: 'true' }],
    ['stream', { stream: 1 }],
    ['stream_options', { stream_options: true }],
    ['stream_options', { stream_options: [] }],
    ['stream_options.include_usage', { stream_options: { include_usage: 1 } }],
    ['temperature', { temperature: '1' }],
    ['top_p', { top_p: [] }],
    ['presence_penalty', { presence_penalty: true }],
    ['frequency_penalty', { frequency_penalty: {} }],
    ['n', { n: 0 }],
    ['n', { n: 1.5 }],
    ['max_tokens', { max_tokens: 0 }],
    ['max_tokens', { max_tokens: -1 }],
    ['max_tokens', { max_tokens: '100' }],
    ['max_tokens', { max_tokens: 1e300 }],
    ['max_completion_tokens', { max_completion_tokens: 0.5 }],
    ['seed', { seed: 1.5 }],
    ['logprobs', { logprobs: 1 }],
    ['top_logprobs', { top_logprobs: -1 }],
    ['stop', { stop: 5 }],
    ['stop[1]', { stop: ['a', 5] }],
    ['tools', { tools: {} }],
    ['tools[0]', { tools: ['f'] }],
    ['tools[1].type', { tools: [{ type: 'function' }, {}] }],
    ['tool_choice', { tool_choice: 5 }],
    ['response_format', { response_format: 'json' }],
    ['user', { user: 5 }],
    ['metadata', { metadata: 'x' }],
    ['omni_route', { omni_route: 5 }],
    ['omni_route', { omni_route: '' }],
    ['omni_provider', { omni_provider: ['azure'] }],
    ['omni_metadata', { omni_metadata: 'team' }],
    ['omni_metadata', { omni_metadata: { team: 5 } }],
    ['omni_metadata', { omni_metadata: { ['k'.repeat(65)]: 'x' } }],
    ['omni_metadata', { omni_metadata: { team: 'x'.repeat(513) } }],
    [
      'omni_metadata',
      { omni_metadata: Object.fromEntries(Array.from({ length: 33 }, (_, index) => [`k${index}`, ''])) },
    ],
    ['omni_metadata', { omni_metadata: JSON.parse('{"__proto__":"x"}') as object }],
    ['fallback_models', { fallback_models: 'a' }],
    ['fallback_models', { fallback_models: ['a', 'b', 'c', 'd', 'e', 'f'] }],
    ['fallback_models[1]', { fallback_models: ['a', 5] }],
    ['omni_cache', { omni_cache: 'no' }],
    ['omni_strict', { omni_strict: 0 }],
  ])('names %s when it refuses %j', (param, fields) => {
    expect(refusal(JSON.stringify(aBody(fields)))).toMatchObject({ kind: 'invalid_request', status: 400, param });
  });

  it('refuses a number that is none once parsed', () => {
    expect(refusal('{"model":"m","messages":[{"role":"user"}],"temperature":1e999}').param).toBe('temperature');
  });
});
