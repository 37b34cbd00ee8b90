import fc from 'fast-check';
import { createParser, type EventSourceMessage } from 'eventsource-parser';
import { DONE_FRAME, encodeSseComment, encodeSseData, encodeSseEvent, KEEP_ALIVE_FRAME } from './index.js';

function read(stream: Buffer): { events: EventSourceMessage[]; comments: string[] } {
  const events: EventSourceMessage[] = [];
  const comments: string[] = [];
  const parser = createParser({ onEvent: (event) => events.push(event), onComment: (text) => comments.push(text) });
  parser.feed(stream.toString());
  return { events, comments };
}

describe('the event stream writer', () => {
  it('writes any data so that a client reads the same, line breaks of every kind as LF', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('a', ' ', ':', '\n', '\r', '\r\n', 'é') }), (data) => {
        const { events } = read(encodeSseData(data));
        expect(events.map((event) => event.data)).toEqual([data.replace(/\r\n|\r/g, '\n')]);
      }),
    );
  });

  it('writes a typed event, and nothing in the type can begin another field', () => {
    const { events } = read(encodeSseEvent('error\ndata: x', '{"error":1}'));
    expect(events).toEqual([{ id: undefined, event: 'error data: x', data: '{"error":1}' }]);
  });

  it('writes comments that are no events', () => {
    const { events, comments } = read(Buffer.concat([encodeSseComment('cost\n\ndata: 1'), KEEP_ALIVE_FRAME]));
    expect(events).toEqual([]);
    expect(comments).toEqual(['cost data: 1', '']);
  });

  it('ends a stream as OpenAI does', () => {
    expect(DONE_FRAME.toString()).toBe('data: [DONE]\n\n');
    expect(encodeSseData('[DONE]')).toEqual(DONE_FRAME);
  });
});
