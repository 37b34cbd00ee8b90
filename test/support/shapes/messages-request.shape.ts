import {
  also,
  anything,
  base64,
  count,
  either,
  fields,
  flag,
  isObject,
  listOf,
  mapOf,
  matching,
  number,
  objectSchema,
  oneOf,
  type Shape,
  tagged,
  text,
  words,
} from './shape.js';

const NAME = matching(/^[\w-]{1,128}$/);
const ID = matching(/^[\w-]+$/);
const cached = { cache_control: tagged('type', { ephemeral: fields({}, { ttl: oneOf('5m', '1h') }) }) };
const source = tagged('type', {
  base64: fields({ data: base64, media_type: oneOf('image/png', 'image/jpeg', 'image/gif', 'image/webp') }),
  url: fields({ url: matching(/^https?:\/\//) }),
  file: fields({ file_id: words }),
});
/** "text content blocks must be non-empty" */
const textBlock = fields({ text: matching(/\S/) }, { ...cached, citations: anything });
const imageBlock = fields({ source }, cached);
const userBlock = tagged('type', {
  text: textBlock,
  image: imageBlock,
  document: fields({ source: mapOf(anything) }, { ...cached, title: text, context: text, citations: anything }),
  tool_result: fields(
    { tool_use_id: ID },
    {
      ...cached,
      is_error: flag,
      content: either(text, listOf(tagged('type', { text: textBlock, image: imageBlock }), 1)),
    },
  ),
});
const assistantBlock = tagged('type', {
  text: textBlock,
  tool_use: fields({ id: ID, name: NAME, input: mapOf(anything) }, { ...cached, caller: anything }),
  thinking: fields({ thinking: text, signature: words }),
  redacted_thinking: fields({ data: words }),
});
const message = tagged('role', {
  user: fields({ content: either(words, listOf(userBlock, 1)) }),
  assistant: fields({ content: either(words, listOf(assistantBlock, 1)) }),
});

type Block = Record<string, any>;
const blocksOf = (one: Block | undefined): Block[] =>
  Array.isArray(one?.['content']) ? (one['content'] as Block[]) : [];

/** "`tool_use` ids were found without `tool_result` blocks immediately after", and results before everything else of the turn. */
const answeredCalls: Shape = (value, at) => {
  const messages = value as Block[];
  return messages.flatMap((one, index) => {
    const calls = blocksOf(one).flatMap((block) => (block['type'] === 'tool_use' ? [block['id'] as string] : []));
    const next = blocksOf(messages[index + 1]);
    const results = next.flatMap((block) => (block['type'] === 'tool_result' ? [block['tool_use_id'] as string] : []));
    const first = next.slice(0, results.length).every((block) => block['type'] === 'tool_result');
    if (calls.length === 0 && results.length === 0) return [];
    return JSON.stringify([...calls].sort()) === JSON.stringify([...results].sort()) && first
      ? []
      : [`${at}[${String(index)}] calls ${calls.join()} and is answered ${results.join()}`];
  });
};

/** Roles alternate, beginning with the user; a turn of the model that thinks begins with the thought. */
const turns: Shape = (value, at) =>
  (value as Block[]).flatMap((one, index, all) => {
    const place = `${at}[${String(index)}]`;
    const wrongTurn = index === 0 ? one['role'] !== 'user' : one['role'] === all[index - 1]?.['role'];
    const thinksLate = blocksOf(one).some(
      (block, where, blocks) => block['type'] === 'thinking' && where > 0 && blocks[where - 1]?.['type'] === 'text',
    );
    return [
      ...(wrongTurn ? [`${place} is not the turn of the ${String(one['role'])}`] : []),
      ...(thinksLate ? [`${place} thinks after it has spoken`] : []),
    ];
  });

const parallel = { disable_parallel_tool_use: flag };
const tool = fields(
  { name: NAME, input_schema: objectSchema },
  { ...cached, type: oneOf('custom'), description: text, strict: flag },
);

/** "For 'object' type, 'additionalProperties' must be explicitly set to false" */
const closedObject: Shape = (value, at) =>
  isObject(value) && value['type'] === 'object' && value['additionalProperties'] !== false
    ? [`${at}.additionalProperties is not false`]
    : [];

/** https://platform.claude.com/docs/en/api/messages/create */
export const MESSAGES_REQUEST: Shape = also(
  fields(
    { model: words, max_tokens: count, messages: also(listOf(message, 1), answeredCalls, turns) },
    {
      metadata: fields({}, { user_id: text }),
      output_config: fields(
        {},
        {
          effort: oneOf('low', 'medium', 'high', 'xhigh', 'max'),
          format: tagged('type', { json_schema: fields({ schema: also(mapOf(anything), closedObject) }) }),
        },
      ),
      service_tier: oneOf('auto', 'standard_only'),
      stop_sequences: listOf(matching(/\S/)),
      stream: flag,
      system: either(words, listOf(tagged('type', { text: textBlock }), 1)),
      temperature: number,
      thinking: tagged('type', {
        enabled: fields({ budget_tokens: count }, { display: oneOf('summarized', 'omitted') }),
        adaptive: fields({}, { display: oneOf('summarized', 'omitted') }),
        disabled: fields({}),
      }),
      tool_choice: tagged('type', {
        auto: fields({}, parallel),
        any: fields({}, parallel),
        tool: fields({ name: NAME }, parallel),
        none: fields({}),
      }),
      tools: listOf(tool, 1),
      top_k: count,
      top_p: number,
    },
  ),
  (value) => {
    const { thinking, max_tokens: most, temperature, tools, tool_choice: choice } = value as Record<string, any>;
    const thinks = thinking !== undefined && thinking.type !== 'disabled';
    const budget = (thinking?.budget_tokens as number | undefined) ?? 1024;
    return [
      ...(most < 1 ? ['max_tokens is less than 1'] : []),
      ...(budget < 1024 ? ['thinking.budget_tokens is less than 1024'] : []),
      ...(thinks && budget >= most ? ['max_tokens is not greater than thinking.budget_tokens'] : []),
      ...(thinks && temperature !== undefined && temperature !== 1 ? ['temperature is not 1 while thinking'] : []),
      ...(thinks && ['any', 'tool'].includes(choice?.type) ? ['a call is forced while thinking'] : []),
      ...(tools === undefined && choice !== undefined ? ['tool_choice without tools'] : []),
    ];
  },
);
