import { KeptText } from './kept-text.js';

describe('KeptText', () => {
  it('gives back what was added, in order, however much it is', () => {
    const kept = new KeptText();
    let said = '';
    for (let at = 0; at < 1000; at++) {
      kept.add(`${String(at)} `);
      said += `${String(at)} `;
      if (at % 100 === 0) expect(kept.whole()).toBe(said);
    }
    expect(kept.whole()).toBe(said);
    expect(kept.length).toBe(said.length);
  });

  it('is empty at first', () => {
    expect(new KeptText().whole()).toBe('');
  });
});
