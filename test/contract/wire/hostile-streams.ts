/**
 * Streams that no vendor documents and every gateway meets, in words that each format speaks (`stream-speakers.ts`). What has
 * to become of them is said here once: `hostile-streams.spec.ts` holds every registered format to it.
 */
import type { Doc } from './stream-framings.js';
import type { Speaker, SpokenCall } from './stream-speakers.js';

export const TEXT: readonly string[] = ['Grü', 'ße 🙂', ' "quoted"\n', '\u0000\u2028</script>', ' end'];
export const CALLS: readonly SpokenCall[] = [
  { at: 1, nth: 0, name: 'add', pieces: ['{"a":', ' 1,', '"b":"é🙂"}'] },
  { at: 2, nth: 1, name: 'look_up', pieces: ['{"key"', ':"x"', '}'] },
];

/** What is to be read from a hostile stream. What is left out may be anything. */
export interface Outcome {
  readonly text?: string;
  /** Names and arguments, in the order of their beginnings; arguments as JSON values where the format brings such. */
  readonly calls?: readonly { readonly name: string; readonly arguments: string }[];
  /** `either`: well or with an error, but not by throwing, hanging or going on. */
  readonly ends: 'answer-end' | 'error' | 'either';
}

export interface Scenario {
  readonly name: string;
  readonly docs: (speaker: Speaker) => readonly Doc[];
  readonly outcome: (speaker: Speaker) => Outcome;
}

const whole = (call: SpokenCall): { name: string; arguments: string } => ({
  name: call.name,
  arguments: call.pieces.join(''),
});

export const GOOD: Outcome = { text: TEXT.join(''), calls: CALLS.map(whole), ends: 'answer-end' };
const EITHER: Outcome = { ends: 'either' };

export function callDocs(speaker: Speaker, call: SpokenCall): Doc[] {
  return [
    ...speaker.callStart(call),
    ...call.pieces.flatMap((piece) => speaker.callDelta(call, piece)),
    ...speaker.callStop(call),
  ];
}

/** Text and two tool calls, one behind the other, as a vendor sends them. */
export function goodDocs(speaker: Speaker): Doc[] {
  return [...openDocs(speaker), ...speaker.finish(), ...speaker.end()];
}

/** The same up to where it says why it ended. */
export function openDocs(speaker: Speaker): Doc[] {
  return [...speaker.start(), ...speaker.text(0, TEXT), ...CALLS.flatMap((call) => callDocs(speaker, call))];
}

/** Deltas of both calls in turn, and the second ends first. */
function interleaved(speaker: Speaker): Doc[] {
  const [first, second] = CALLS as readonly [SpokenCall, SpokenCall];
  const deltas = first.pieces.flatMap((piece, at) => [
    ...speaker.callDelta(first, piece),
    ...speaker.callDelta(second, second.pieces[at] ?? ''),
  ]);
  if (speaker.wholeCalls) return [...callDocs(speaker, first), ...callDocs(speaker, second)];
  return [
    ...speaker.callStart(first),
    ...speaker.callStart(second),
    ...deltas,
    ...speaker.callStop(second),
    ...speaker.callStop(first),
  ];
}

const around = (speaker: Speaker, docs: readonly Doc[]): Doc[] => [
  ...speaker.start(),
  ...speaker.text(0, TEXT),
  ...docs,
  ...speaker.finish(),
  ...speaker.end(),
];

const argumentsOf = (...pieces: string[]): SpokenCall => ({ at: 1, nth: 0, name: 'add', pieces });

/** Arguments that are no JSON object; they pass as they are where they come as text. */
const BAD_ARGUMENTS: Readonly<Record<string, readonly string[]>> = {
  'no JSON': ['Sorry, ', 'I cannot do that'],
  'cut off': ['{"a": 1, "b": {"c": "unfinis'],
  'two objects': ['{"a":1}', '{"b":2}'],
  'an array': ['[1, 2', ', 3]'],
  'a bare word': ['tru'],
  'in a code fence': ['```json\n', '{"a":1}\n```'],
  'a lone surrogate escape': ['{"a":"\\ud83d"}'],
  'half an escape': ['{"a":"\\u12'],
};

const badArguments: Scenario[] = Object.entries(BAD_ARGUMENTS).map(([what, pieces]) => ({
  name: `tool arguments: ${what}`,
  docs: (speaker) => around(speaker, callDocs(speaker, argumentsOf(...pieces))),
  outcome: ({ wholeCalls }) =>
    wholeCalls
      ? { text: TEXT.join(''), ends: 'either' }
      : { text: TEXT.join(''), calls: [{ name: 'add', arguments: pieces.join('') }], ends: 'answer-end' },
}));

/** At every gap of the good stream behind its beginning. */
function everywhere(speaker: Speaker, docs: readonly Doc[]): Doc[] {
  const begun = speaker.start().length;
  return [...goodDocs(speaker).flatMap((doc, at) => (at < begun ? [doc] : [...docs, doc])), ...docs];
}

/** Numbers that tell parts apart, as they stand in the documents of all formats. */
const INDICES = /^(?:index|output_index|content_index|contentBlockIndex)$/;

/** The documents with every index replaced; `undefined` takes it away. */
function withIndices(docs: readonly Doc[], value: unknown): Doc[] {
  return docs.map((doc) => ({ ...doc, data: replaced(doc.data, value) }));
}

function replaced(data: unknown, value: unknown): unknown {
  if (Array.isArray(data)) return data.map((one) => replaced(one, value));
  if (typeof data !== 'object' || data === null) return data;
  const fields = Object.entries(data).map(([name, one]) => [name, INDICES.test(name) ? value : replaced(one, value)]);
  return Object.fromEntries(fields);
}

const ODD_INDICES: readonly unknown[] = [undefined, null, -1, 0.5, 1e9, 2 ** 53, '1', 'x', [], {}, true];

const indices: Scenario[] = ODD_INDICES.map((value) => ({
  name: `indices that are ${value === undefined ? 'missing' : JSON.stringify(value)}`,
  docs: (speaker) => withIndices(goodDocs(speaker), value),
  outcome: () => EITHER,
}));

const NO_EVENTS: readonly string[] = ['{}', '[]', 'null', 'true', '1', '""', '"text"', '{"type":null}', '{"type":{}}'];

const noEvents: Scenario[] = NO_EVENTS.map((data) => ({
  name: `events that are nothing but ${data}`,
  docs: (speaker) => everywhere(speaker, [{ data }]),
  outcome: () => EITHER,
}));

const [firstCall, secondCall] = CALLS as readonly [SpokenCall, SpokenCall];

/** A stream's events in another order than they were meant. */
const order: Scenario[] = [
  {
    name: 'interleaved parallel tool calls whose ends are out of order',
    docs: (speaker) => around(speaker, interleaved(speaker)),
    outcome: () => GOOD,
  },
  {
    name: 'a tool call that never ends',
    docs: (speaker) => around(speaker, callDocs({ ...speaker, ...unlessWhole(speaker) }, firstCall)),
    outcome: () => ({ text: TEXT.join(''), calls: [whole(firstCall)], ends: 'answer-end' }),
  },
  {
    name: 'a tool call that never began',
    docs: (speaker) => around(speaker, callDocs(speaker, firstCall).slice(speaker.callStart(firstCall).length)),
    outcome: () => ({ text: TEXT.join(''), ends: 'either' }),
  },
  {
    name: 'a tool call that begins twice',
    docs: (speaker) => around(speaker, [...speaker.callStart(firstCall), ...callDocs(speaker, firstCall)]),
    outcome: () => ({ text: TEXT.join(''), ends: 'either' }),
  },
  {
    name: 'a tool call that goes on behind its end',
    docs: (speaker) =>
      around(speaker, [
        ...callDocs(speaker, firstCall),
        ...speaker.callDelta(firstCall, 'more'),
        ...speaker.callStop(firstCall),
      ]),
    outcome: () => ({ text: TEXT.join(''), ends: 'either' }),
  },
  {
    name: 'two parts of one index',
    docs: (speaker) =>
      around(
        speaker,
        [firstCall, { ...secondCall, at: 1 }].flatMap((call) => callDocs(speaker, call)),
      ),
    outcome: () => ({ text: TEXT.join(''), ends: 'either' }),
  },
  {
    name: 'indices with gaps',
    docs: (speaker) =>
      around(
        speaker,
        [
          { ...firstCall, at: 7 },
          { ...secondCall, at: 40 },
        ].flatMap((call) => callDocs(speaker, call)),
      ),
    outcome: () => GOOD,
  },
  {
    name: 'no beginning',
    docs: (speaker) => goodDocs(speaker).slice(speaker.start().length),
    outcome: ({ start }) => (start().length === 0 ? GOOD : EITHER),
  },
  {
    name: 'two beginnings',
    docs: (speaker) => [...speaker.start(), ...goodDocs(speaker)],
    outcome: ({ start }) => (start().length === 0 ? GOOD : EITHER),
  },
  {
    name: 'the end before anything',
    docs: (speaker) => [...speaker.start(), ...speaker.finish(), ...speaker.end()],
    outcome: () => ({ text: '', calls: [], ends: 'answer-end' }),
  },
  {
    name: 'everything again behind the end',
    docs: (speaker) => [...goodDocs(speaker), ...goodDocs(speaker)],
    outcome: () => EITHER,
  },
  {
    name: 'every event twice',
    docs: (speaker) => goodDocs(speaker).flatMap((doc) => [doc, doc]),
    outcome: () => EITHER,
  },
  { name: 'backwards', docs: (speaker) => goodDocs(speaker).reverse(), outcome: () => EITHER },
  {
    name: 'the reason of the end twice',
    docs: (speaker) => [...openDocs(speaker), ...speaker.finish(), ...speaker.finish(), ...speaker.end()],
    outcome: () => ({ text: TEXT.join(''), calls: CALLS.map(whole), ends: 'either' }),
  },
];

function unlessWhole(speaker: Speaker): Partial<Speaker> {
  return speaker.wholeCalls ? {} : { callStop: () => [] };
}

/** Things of types that are not known. */
const unknown: Scenario[] = [
  {
    name: 'unknown events at every gap',
    docs: (speaker) => everywhere(speaker, [speaker.unknownEvent]),
    outcome: () => GOOD,
  },
  {
    name: 'an unknown event before the beginning',
    docs: (speaker) => [speaker.unknownEvent, ...goodDocs(speaker)],
    outcome: ({ start }) => (start().length === 0 ? GOOD : EITHER),
  },
  {
    name: 'a part of an unknown type before the calls',
    docs: (speaker) => [
      ...speaker.start(),
      ...speaker.text(0, TEXT),
      ...speaker.unknownPart(1),
      ...CALLS.flatMap((call) => callDocs(speaker, { ...call, at: call.at + 1 })),
      ...speaker.finish(),
      ...speaker.end(),
    ],
    outcome: () => GOOD,
  },
  {
    name: 'names of prototypes',
    docs: (speaker) =>
      goodDocs(speaker).map((doc) =>
        typeof doc.data === 'string'
          ? doc
          : {
              ...doc,
              data: JSON.stringify(doc.data).replace('{', '{"__proto__":{"polluted":1},"constructor":{"prototype":1},'),
            },
      ),
    outcome: () => GOOD,
  },
  {
    name: 'a field nested a hundred thousand deep',
    docs: (speaker) =>
      goodDocs(speaker).map((doc, at) => {
        if (at !== 1 || typeof doc.data === 'string') return doc;
        const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
        return { ...doc, data: JSON.stringify(doc.data).replace('{', `{"deep":${deep},`) };
      }),
    outcome: () => EITHER,
  },
];

/** Streams that fail. */
const failures: Scenario[] = [
  { name: 'nothing at all', docs: () => [], outcome: () => ({ ends: 'error' }) },
  {
    name: 'a beginning and nothing else',
    docs: (speaker) => speaker.start(),
    outcome: () => ({ ends: 'error' }),
  },
  { name: 'no end', docs: openDocs, outcome: () => ({ ...GOOD, ends: 'error' }) },
  {
    name: 'an error in its midst',
    docs: (speaker) => [...speaker.start(), ...speaker.text(0, TEXT), speaker.error],
    outcome: () => ({ text: TEXT.join(''), ends: 'error' }),
  },
  {
    name: 'an error in its midst and a good end behind it',
    docs: (speaker) => [...openDocs(speaker), speaker.error, ...speaker.finish(), ...speaker.end()],
    outcome: () => ({ ...GOOD, ends: 'error' }),
  },
  { name: 'an error and nothing else', docs: (speaker) => [speaker.error], outcome: () => ({ ends: 'error' }) },
  {
    name: 'half an event of JSON in its midst',
    docs: (speaker) => [
      ...openDocs(speaker),
      { data: '{"choices":[{"delta":{"con' },
      ...speaker.finish(),
      ...speaker.end(),
    ],
    outcome: () => ({ ends: 'error' }),
  },
  {
    name: 'a page of HTML',
    docs: () => [{ data: '<html><body><h1>502 Bad Gateway</h1></body></html>' }],
    outcome: () => ({ ends: 'error' }),
  },
];

/** Usage that no bill could follow. */
const ODD_USAGE: readonly unknown[] = [-5, 1e30, 0.5, '12', null, {}, [], true];

const usage: Scenario[] = ODD_USAGE.map((value) => ({
  name: `usage of ${JSON.stringify(value)}`,
  docs: (speaker) => [...openDocs(speaker), ...speaker.finish().map((doc) => withTokens(doc, value)), ...speaker.end()],
  outcome: () => ({ text: TEXT.join(''), calls: CALLS.map(whole), ends: 'either' }),
}));

function withTokens(doc: Doc, value: unknown): Doc {
  const text = JSON.stringify(doc.data, (name, one: unknown) =>
    /tokens?$|count$/i.test(name) && typeof one === 'number' ? value : one,
  );
  return { ...doc, data: text };
}

export const SCENARIOS: readonly Scenario[] = [
  { name: 'a good stream', docs: goodDocs, outcome: () => GOOD },
  ...badArguments,
  ...order,
  ...unknown,
  ...failures,
  ...indices,
  ...noEvents,
  ...usage,
];

/** What may stand in the place of any value. */
const ODD_VALUES: readonly unknown[] = [undefined, null, true, 0, -1, 1e308, '', 'x', [], [null], {}, { type: 'x' }];

/** The value with each of its inner values in turn replaced by each odd one, or taken away. */
export function* mutations(value: unknown): Generator {
  if (Array.isArray(value)) {
    yield [...(value as unknown[]), ...(value as unknown[])];
    for (const [at, inner] of (value as unknown[]).entries()) {
      for (const odd of mutated(inner)) yield (value as unknown[]).with(at, odd);
    }
  } else if (typeof value === 'object' && value !== null) {
    for (const [name, inner] of Object.entries(value)) {
      for (const odd of mutated(inner)) yield { ...value, [name]: odd };
    }
  }
}

function* mutated(value: unknown): Generator {
  yield* ODD_VALUES;
  yield* mutations(value);
}

/** The good stream with one value of one of its documents replaced, for every value of every document. */
export function* mutatedStreams(speaker: Speaker): Generator<readonly Doc[]> {
  const docs = goodDocs(speaker);
  for (const [at, doc] of docs.entries()) {
    yield docs.toSpliced(at, 1);
    if (typeof doc.data === 'string') continue;
    for (const odd of mutated(doc.data)) {
      const data = odd === undefined ? 'undefined' : JSON.stringify(odd);
      yield docs.with(at, { ...doc, data });
    }
  }
}
