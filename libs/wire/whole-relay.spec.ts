import { readWholeBody, relayWholeBody } from './whole-body.js';
import { relayWholeAnswer } from './whole-relay.js';

const relay = (text: string, alias: string | null = null, wantsBase64 = false) =>
  relayWholeAnswer(Buffer.from(text), alias, wantsBase64);

describe('relaying embeddings and reranking', () => {
  it('changes the names of the model and takes out the gateway’s own fields, and nothing else', () => {
    const raw = Buffer.from(
      '{ "omni_strict":true,"input" : "é\\u00e9", "model":"a/b","x":1.0e0 , "omni_metadata":{"t":"1"}}',
    );
    const body = readWholeBody(raw);
    expect(relayWholeBody(body, { model: 'b', defaultParams: {} }).toString()).toBe(
      '{ "input" : "é\\u00e9", "model":"b","x":1.0e0 }',
    );
    expect(body.extensions).toMatchObject({ strict: true, metadata: { t: '1' } });
    expect(body.content.toString()).toBe('"é\\u00e9"');
    expect(body.fields).not.toHaveProperty('omni_strict');
  });

  it('adds defaults where the caller says nothing, never what is embedded', () => {
    const body = readWholeBody(Buffer.from('{"model":"m","input":"a","user":null}'));
    const defaultParams = { dimensions: 3, user: 'u', input: 'b', model: 'c', omni_route: 'r' };
    expect(relayWholeBody(body, { model: 'm', defaultParams }).toString()).toBe(
      '{"model":"m","input":"a","user":null,"dimensions":3}',
    );
  });

  it('reads what an answer used, tokens and searches', () => {
    expect(relay('{"data":[],"model":"up","usage":{"prompt_tokens":3,"total_tokens":3}}', 'alias')).toMatchObject({
      body: Buffer.from('{"data":[],"model":"alias","usage":{"prompt_tokens":3,"total_tokens":3}}'),
      usage: { promptTokens: 3, completionTokens: 0 },
    });
    expect(relay('{"results":[],"meta":{"billed_units":{"search_units":2}}}')).toMatchObject({
      usage: null,
      searchUnits: 2,
    });
    expect(relay('{"embeddings":{},"meta":{"billed_units":{"input_tokens":4,"image_tokens":5}}}')).toMatchObject({
      usage: { promptTokens: 9, imageInputTokens: 5 },
      searchUnits: undefined,
    });
  });

  it('leaves what is no good answer to whoever decodes it', () => {
    for (const text of [
      '',
      'null',
      '[]',
      '{}',
      '{"data":null}',
      '{"data":[]',
      '{"data":[],"data":[]}',
      '{"data":[],"error":{"message":"m"}}',
      '{"data":[],"error":"m"}',
      '\u00ff{"data":[]}',
    ])
      expect([text, relay(text)]).toEqual([text, null]);
    expect(relayWholeAnswer(Buffer.from([0x7b, 0xff, 0x7d]), null, false)).toBeNull();
    expect(relay('{"data":[],"error":null}')).not.toBeNull();
  });

  it('sees whether vectors are texts where texts are wanted', () => {
    const floats = '{"data":[ {"object":"embedding","index":0,"embedding": [1]}]}';
    expect(relay(floats, null, true)).toBeNull();
    expect(relay(floats, null, false)).not.toBeNull();
    expect(relay(floats.replace('[1]', '"AACAPw=="'), null, true)).not.toBeNull();
    expect(relay('{"data":[]}', null, true)).not.toBeNull();
  });
});
