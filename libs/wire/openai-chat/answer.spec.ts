import fc from 'fast-check';
import { relayChatAnswer } from '../index.js';

describe('relayChatAnswer', () => {
  it('replaces the model alone and leaves every other byte', () => {
    const body = Buffer.from(
      ' {"id":"a", "n":12345678901234567890, "f":1.0, "x":{"model":"up"}, "model" : "up",' +
        '"choices":[{"index":0,"message":{"content":"\\u0068i"},"finish_reason":"stop"}],' +
        '"usage":{"prompt_tokens":3,"completion_tokens":2,"total_tokens":5}}\n',
    );
    const answer = relayChatAnswer(body, 'a "b"');
    expect(answer).toMatchObject({
      kind: 'answer',
      finishReason: 'stop',
      usage: { promptTokens: 3, completionTokens: 2, totalTokens: 5 },
    });
    if (answer.kind !== 'answer') return;
    expect(answer.body.toString()).toBe(body.toString().replace('"model" : "up"', '"model" : "a \\"b\\""'));
  });

  it('counts the bytes of what was generated, and nothing around it', () => {
    const textBytes = (message: object): unknown => {
      const choices = [{ index: 0, message: { role: 'assistant', ...message }, finish_reason: 'stop' }];
      const answer = relayChatAnswer(Buffer.from(JSON.stringify({ id: 'x'.repeat(99), choices })), null);
      return answer.kind === 'answer' ? answer.textBytes : answer;
    };
    expect(textBytes({ content: 'eight by' })).toBe(8);
    expect(textBytes({ content: null, reasoning_content: 'four' })).toBe(4);
    expect(textBytes({ tool_calls: [{ id: 'c', function: { name: 'now', arguments: '{}' } }] })).toBe(5);
    expect(textBytes({})).toBe(0);
  });

  it('gives back the very buffer when nothing changes', () => {
    const body = Buffer.from('{"model":"up","choices":[]}');
    for (const alias of ['up', null]) expect(relayChatAnswer(body, alias)).toMatchObject({ body });
    const nameless = Buffer.from('{"choices":[]}');
    expect(relayChatAnswer(nameless, 'alias')).toMatchObject({ body: nameless, usage: null, finishReason: null });
  });

  it('agrees with JSON.parse on any object', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.string(), (rest, alias) => {
        const fixed = { model: 'up', error: null, object: 'chat.completion', choices: [] };
        const value: Record<string, unknown> = { ...rest, ...fixed };
        const answer = relayChatAnswer(Buffer.from(JSON.stringify(value)), alias);
        const body = answer.kind === 'answer' ? (JSON.parse(answer.body.toString()) as unknown) : answer;
        expect(body).toEqual(JSON.parse(JSON.stringify({ ...value, model: alias })));
      }),
    );
  });

  it('finds an error inside a 200', () => {
    const body = '{"error":{"message":"filtered","code":"content_filter"},"model":"up"}';
    expect(relayChatAnswer(Buffer.from(body), 'alias')).toEqual({
      kind: 'upstream_error',
      error: { message: 'filtered', code: 'content_filter' },
    });
    expect(relayChatAnswer(Buffer.from('{"object":"error","message":"no"}'), null)).toEqual({
      kind: 'upstream_error',
      error: { object: 'error', message: 'no' },
    });
    expect(relayChatAnswer(Buffer.from('{"error":null,"choices":[]}'), null).kind).toBe('answer');
  });

  it.each([
    ['', 'cut off'],
    ['{"choices":[{"message":{"content":"hel', 'cut off'],
    ['<html>Bad gateway</html>', 'not a JSON object'],
    ['[]', 'not a JSON object'],
    ['"text"', 'not a JSON object'],
    ['{"choices":[}', 'not a JSON object'],
    ['{}', 'no list of choices'],
    ['{"model":"up","choices":null}', 'no list of choices'],
    ['{"model":"a","model":"b"}', 'twice'],
    [`{"a":${'['.repeat(300)}${']'.repeat(300)}}`, 'too deep'],
  ])('calls %s unreadable and says why without quoting it', (body, reason) => {
    const answer = relayChatAnswer(Buffer.from(body), 'alias');
    expect(answer).toEqual({ kind: 'unreadable', reason: expect.stringContaining(reason) as string });
  });

  it('calls a body that is not UTF-8 unreadable', () => {
    const body = Buffer.from('{"model":"\xff"}', 'latin1');
    expect(relayChatAnswer(body, 'alias')).toMatchObject({ kind: 'unreadable' });
  });
});
