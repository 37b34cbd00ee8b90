import { commandComplete, messageLength, readAnswer, readyForQuery } from './wire-messages.js';

function notification(channel: string, payload: string): Buffer {
  const body = Buffer.from(`\0\0\0\x07${channel}\0${payload}\0`);
  const header = Buffer.from([0x41, 0, 0, 0, 0]);
  header.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([header, body]);
}

describe('an answer of the database', () => {
  it('is taken apart into what the one who asked gets and what the listeners get', () => {
    const [done, ready] = [commandComplete('COMMIT'), readyForQuery('I')];
    const [first, second] = [notification('og_a', 'x'), notification('og_b', '')];
    const answer = readAnswer(Buffer.concat([first, done, second, ready]));
    expect(answer.data).toEqual(Buffer.concat([done, ready]));
    expect(answer.notifications).toEqual([
      { channel: 'og_a', message: first },
      { channel: 'og_b', message: second },
    ]);
  });

  it.each(['I', 'T', 'E'] as const)('tells the state %s of the transaction, by its last word on it', (status) => {
    const bytes = Buffer.concat([readyForQuery('T'), commandComplete('SELECT 1'), readyForQuery(status)]);
    expect(readAnswer(bytes)).toEqual({ data: bytes, status, notifications: [] });
  });
});

describe('the length of a message', () => {
  it('counts the type byte, which a startup message has not', () => {
    expect(messageLength(readyForQuery('I'), false)).toBe(6);
    expect(messageLength(Buffer.from([0, 0, 0, 8, 0, 3, 0, 0]), true)).toBe(8);
  });

  it('is unknown while too little has arrived', () => {
    expect(messageLength(readyForQuery('I').subarray(0, 4), false)).toBeNull();
    expect(messageLength(Buffer.alloc(3), true)).toBeNull();
  });
});
