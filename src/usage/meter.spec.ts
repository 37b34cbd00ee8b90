import { estimateTokens, weighedBytes } from './meter.js';

const tokens = (text: string): number => estimateTokens(weighedBytes(Buffer.from(text)));

describe('the estimate of a prompt', () => {
  it('is a token to four bytes of ASCII, escapes included', () => {
    expect(tokens('')).toBe(0);
    expect(tokens('a')).toBe(1);
    expect(tokens('x'.repeat(4000))).toBe(1000);
    // As clients write it that escape what is not ASCII.
    expect(tokens('\\u6771'.repeat(100))).toBe(150);
  });

  // Most tokens to the character of cl100k_base, o200k_base, Llama 3 and Claude, rounded up.
  it.each([
    ['Chinese', '今天天气很好我们去公园散步吧', 1.5],
    ['Japanese', '今日はとても良い天気ですね', 1.5],
    ['Korean', '오늘은날씨가정말좋네요', 1.5],
    ['Russian', 'Сегодня очень хорошая погода', 0.65],
    ['Greek', 'Σήμερα ο καιρός είναι καλός', 0.7],
    ['Arabic', 'الطقس جميل جدا اليوم', 0.7],
  ])('is high for %s', (_language, text, most) => {
    expect(tokens(text.repeat(50))).toBeGreaterThanOrEqual(most * text.length * 50 * 0.95);
    expect(tokens(text.repeat(50))).toBeLessThan(3 * text.length * 50);
  });

  it('counts what is dense wherever it stands in a long text', () => {
    const image = 'A'.repeat(3_000_000);
    expect(tokens(`${image}${'東'.repeat(1000)}${image}`)).toBe(1_500_000 + 1500);
    const mixed = 'ab東'.repeat(100_000);
    expect(Math.abs(tokens(mixed) - 200_000)).toBeLessThan(20);
  });
});
