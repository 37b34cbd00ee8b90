import {
  also,
  anything,
  closedSchema,
  count,
  either,
  fields,
  flag,
  jsonObjectText,
  listOf,
  mapOf,
  matching,
  number,
  objectSchema,
  oneOf,
  orNull,
  type Shape,
  tagged,
  text,
  words,
} from './shape.js';

const NAME = matching(/^[\w-]{1,64}$/);
/** "Expected an ID that begins with …" */
const id = (prefix: string): Shape => matching(new RegExp(`^${prefix}_[\\w-]{1,60}$`));
const CALL_ID = matching(/^.{1,64}$/s);
const status = oneOf('in_progress', 'completed', 'incomplete');
const inputPart = tagged('type', {
  input_text: fields({ text }),
  input_image: fields(
    {},
    {
      image_url: matching(/^(?:https?:\/\/|data:image\/(?:png|jpeg|gif|webp);base64,)/),
      file_id: text,
      detail: oneOf('auto', 'low', 'high', 'original'),
    },
  ),
  input_file: fields({}, { file_data: text, file_id: text, file_url: text, filename: text }),
});
const inputs = either(text, listOf(inputPart, 1));
/** What the model said goes back as what it was: `input_text` is refused there. */
const outputs = either(
  text,
  listOf(
    tagged('type', {
      output_text: fields({ text }, { annotations: listOf(anything), logprobs: listOf(anything) }),
      refusal: fields({ refusal: text }),
    }),
    1,
  ),
);
const message = tagged('role', {
  user: fields({ content: inputs }, { status }),
  system: fields({ content: inputs }, { status }),
  developer: fields({ content: inputs }, { status }),
  assistant: fields({ content: outputs }, { id: id('msg'), status, phase: orNull(text) }),
});
const item: Shape = (value, at) => {
  const { type, ...rest } = (value ?? {}) as Record<string, unknown>;
  return type === undefined || type === 'message' ? message(rest, at) : ITEMS(value, at);
};
const ITEMS = tagged('type', {
  function_call: fields({ call_id: CALL_ID, name: NAME, arguments: jsonObjectText }, { id: id('fc'), status }),
  function_call_output: fields({ call_id: CALL_ID, output: inputs }, { id: id('fco'), status }),
  reasoning: fields(
    { summary: listOf(tagged('type', { summary_text: fields({ text }) })) },
    {
      id: id('rs'),
      encrypted_content: orNull(words),
      status: orNull(status),
      content: listOf(tagged('type', { reasoning_text: fields({ text }) })),
    },
  ),
});

type Item = Record<string, any>;

/** "No tool output found for function call", "No tool call found for function call output". */
const answeredCalls: Shape = (value, at) => {
  if (!Array.isArray(value)) return [];
  const idsOf = (type: string): string[] =>
    (value as Item[]).flatMap((one) => (one['type'] === type ? [one['call_id'] as string] : [])).sort();
  const calls = idsOf('function_call');
  const results = idsOf('function_call_output');
  return JSON.stringify(calls) === JSON.stringify(results)
    ? []
    : [`${at} calls ${calls.join()}, answers ${results.join()}`];
};

/** "Item of type 'reasoning' was provided without its required following item." */
const followedThoughts: Shape = (value, at) =>
  Array.isArray(value)
    ? (value as Item[]).flatMap((one, index, all) => {
        const next = all[index + 1];
        const follows = ['function_call', 'reasoning'].includes(next?.['type']) || next?.['role'] === 'assistant';
        return one['type'] === 'reasoning' && !follows
          ? [`${at}[${String(index)}] is a thought that nothing follows`]
          : [];
      })
    : [];

const functionTool = also(
  fields({ name: NAME, parameters: orNull(objectSchema) }, { description: orNull(text), strict: orNull(flag) }),
  (value, at) => {
    const { strict, parameters } = value as Record<string, unknown>;
    // Absent means strict here, unlike in Chat Completions.
    return strict === false ? [] : closedSchema(parameters, `${at}.parameters`);
  },
);
const jsonSchema = also(
  fields({ name: NAME, schema: mapOf(anything) }, { description: text, strict: orNull(flag) }),
  (value, at) => {
    const { strict, schema } = value as Record<string, unknown>;
    return strict === true ? closedSchema(schema, `${at}.schema`) : [];
  },
);

/** https://platform.openai.com/docs/api-reference/responses/create */
export const RESPONSES_REQUEST: Shape = fields(
  { model: words, input: either(words, also(listOf(item, 1), answeredCalls, followedThoughts)) },
  {
    include: listOf(oneOf('reasoning.encrypted_content', 'message.output_text.logprobs')),
    instructions: orNull(text),
    max_output_tokens: also(count, (value, at) => ((value as number) < 16 ? [`${at} is less than 16`] : [])),
    max_tool_calls: count,
    metadata: mapOf(text),
    parallel_tool_calls: flag,
    prompt_cache_key: text,
    reasoning: fields(
      {},
      {
        effort: orNull(oneOf('none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max')),
        summary: orNull(oneOf('auto', 'concise', 'detailed')),
      },
    ),
    safety_identifier: text,
    service_tier: text,
    store: flag,
    stream: flag,
    stream_options: fields({}, { include_obfuscation: flag }),
    temperature: number,
    text: fields(
      {},
      {
        format: tagged('type', { text: fields({}), json_object: fields({}), json_schema: jsonSchema }),
        verbosity: oneOf('low', 'medium', 'high'),
      },
    ),
    tool_choice: either(oneOf('none', 'auto', 'required'), tagged('type', { function: fields({ name: NAME }) })),
    tools: listOf(tagged('type', { function: functionTool }), 1),
    top_logprobs: count,
    top_p: number,
    truncation: oneOf('auto', 'disabled'),
    user: text,
  },
);
