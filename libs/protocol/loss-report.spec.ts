import { LossReport } from './index.js';

describe('the loss report', () => {
  it('is bridged when the formats differ, and lossy when something was lost', () => {
    expect(new LossReport('openai-chat', 'openai-chat').summary()).toEqual({
      bridged: false,
      lossy: false,
      reasons: [],
    });
    const report = new LossReport('openai-chat', 'anthropic-messages');
    expect(report.summary()).toMatchObject({ bridged: true, lossy: false });
    report.add('generation.seed', 'gone');
    expect(report.summary()).toEqual({
      bridged: true,
      lossy: true,
      reasons: [{ path: 'generation.seed', reason: 'gone' }],
    });
  });

  it('counts a request made by hand as bridged', () => {
    expect(new LossReport(undefined, 'openai-chat').bridged).toBe(true);
  });

  it('sorts by path and reason and says nothing twice', () => {
    const report = new LossReport('openai-chat', 'cohere-chat');
    for (const [path, reason] of [
      ['b', '2'],
      ['b', '1'],
      ['a', '9'],
      ['b', '2'],
    ] as const)
      report.add(path, reason);
    expect(report.summary().reasons).toEqual([
      { path: 'a', reason: '9' },
      { path: 'b', reason: '1' },
      { path: 'b', reason: '2' },
    ]);
  });

  it('keeps 64 reasons of 200 characters and counts the rest', () => {
    const report = new LossReport('openai-chat', 'cohere-chat');
    for (let index = 0; index < 100; index++) report.add(`messages[${String(index)}]`, 'x'.repeat(1000));
    const { reasons } = report.summary();
    expect(reasons).toHaveLength(65);
    expect(reasons[0]?.reason).toHaveLength(200);
    expect(reasons.at(-1)).toEqual({ path: '', reason: 'and 36 more' });
  });
});
