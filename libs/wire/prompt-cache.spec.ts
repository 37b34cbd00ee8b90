import { type CanonicalRequest, GatewayError, LossReport, type PromptCachePolicy } from '../protocol/index.js';
import { dropPromptCache, placeBreakpoint } from './prompt-cache.js';

const aRequest = (policy: PromptCachePolicy, more: Partial<CanonicalRequest> = {}): CanonicalRequest => ({
  model: 'm',
  messages: [
    {
      role: 'system',
      parts: [
        { type: 'text', text: 'one' },
        { type: 'text', text: 'two' },
      ],
    },
    {
      role: 'user',
      parts: [
        { type: 'text', text: 'hi' },
        { type: 'text', text: 'there' },
      ],
    },
  ],
  tools: [
    { type: 'function', name: 'f' },
    { type: 'function', name: 'g' },
  ],
  generation: {},
  stream: false,
  promptCache: policy,
  ...more,
});

function placesOf(request: CanonicalRequest): string[] {
  const report = new LossReport('openai-chat', 'anthropic-messages');
  const { tools = [], messages } = placeBreakpoint(request, report);
  return [
    ...tools.flatMap((tool, at) => (tool.cache === undefined ? [] : [`tool ${String(at)} ${tool.cache.ttl ?? ''}`])),
    ...messages.flatMap(({ parts }, at) =>
      parts.flatMap((part, index) =>
        part.cache === undefined ? [] : [`part ${String(at)}.${String(index)} ${part.cache.ttl ?? ''}`],
      ),
    ),
    ...report.summary().reasons.map(({ path }) => `lost ${path}`),
  ];
}

describe('the breakpoint of a policy', () => {
  const mode = 'best-effort';

  it.each([
    [{ at: 'auto' }, 'tool 1 '],
    [{ at: 'end-of-tools' }, 'tool 1 '],
    [{ at: 'end-of-instructions' }, 'part 0.1 '],
    [{ at: 'end-of-message', message: 1 }, 'part 1.1 '],
    [{ at: 'end-of-part', message: 1, part: 0 }, 'part 1.0 '],
    [{ at: 'end-of-message', message: 9 }, 'lost promptCache.breakpoint'],
    [{ at: 'end-of-part', message: 1, part: 7 }, 'lost promptCache.breakpoint'],
  ] as const)('%j goes to %s', (breakpoint, place) => {
    expect(placesOf(aRequest({ mode, breakpoint }))).toEqual([place]);
  });

  it('goes to the instructions where there are no tools, and nowhere where there is neither', () => {
    const policy = { mode, breakpoint: { at: 'auto' } } as const;
    expect(placesOf(aRequest(policy, { tools: undefined }))).toEqual(['part 0.1 ']);
    expect(placesOf(aRequest(policy, { tools: [], messages: [] }))).toEqual(['lost promptCache.breakpoint']);
  });

  it.each([
    ['long', '1h'],
    ['short', '5m'],
    ['default', ''],
  ] as const)('lasts as long as asked: %s', (retention, ttl) => {
    expect(placesOf(aRequest({ mode, retention, breakpoint: { at: 'auto' } }))).toEqual([`tool 1 ${ttl}`]);
  });

  it('leaves a request with breakpoints of its own alone', () => {
    const tools = [{ type: 'function', name: 'f', cache: { ttl: '1h' } }] as const;
    expect(placesOf(aRequest({ mode, breakpoint: { at: 'end-of-instructions' } }, { tools }))).toEqual(['tool 0 1h']);
  });

  it('is not placed where caching is disabled', () => {
    expect(placesOf(aRequest({ mode: 'disabled', breakpoint: { at: 'auto' } }))).toEqual([]);
  });

  it('refuses the request where it is required and cannot be had', () => {
    const required = aRequest({ mode: 'required', breakpoint: { at: 'end-of-message', message: 9 } });
    expect(() => placesOf(required)).toThrow(GatewayError);
    expect(() => dropPromptCache(new LossReport('openai-chat', 'cohere-chat'), required)).toThrow(GatewayError);
  });

  it('is reported with all others where the target has none', () => {
    const report = new LossReport('anthropic-messages', 'cohere-chat');
    const tools = [{ type: 'function', name: 'f', cache: {} }] as const;
    dropPromptCache(report, aRequest({ mode, key: 'k' }, { tools }));
    expect(report.summary().reasons.map(({ path }) => path)).toEqual(['promptCache', 'tools[0].cache']);
  });
});
