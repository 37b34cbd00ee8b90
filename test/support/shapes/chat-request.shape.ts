import {
  also,
  anything,
  closedSchema,
  count,
  either,
  fields,
  flag,
  isObject,
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
const textPart = fields({ text });
const texts = either(text, listOf(tagged('type', { text: textPart }), 1));
const imageUrl = fields(
  { url: matching(/^(?:https?:\/\/|data:image\/(?:png|jpeg|gif|webp);base64,)/) },
  { detail: oneOf('auto', 'low', 'high', 'original') },
);
const userContent = either(
  text,
  listOf(
    tagged('type', {
      text: textPart,
      image_url: fields({ image_url: imageUrl }),
      input_audio: fields({ input_audio: fields({ data: text, format: oneOf('wav', 'mp3') }) }),
      file: fields({ file: fields({}, { file_data: text, file_id: text, filename: text }) }),
    }),
    1,
  ),
);
const toolCall = tagged('type', {
  function: fields({ id: words, function: fields({ name: NAME, arguments: jsonObjectText }) }),
  custom: fields({ id: words, custom: fields({ name: NAME, input: text }) }),
});
const named = { name: matching(/^[^\s<|\\/>]+$/) };
const message = tagged('role', {
  system: fields({ content: texts }, named),
  developer: fields({ content: texts }, named),
  user: fields({ content: userContent }, named),
  assistant: fields(
    {},
    {
      content: orNull(texts),
      refusal: orNull(text),
      tool_calls: listOf(toolCall, 1),
      reasoning_content: text,
      annotations: listOf(anything),
      ...named,
    },
  ),
  tool: fields({ content: texts, tool_call_id: words }),
});

/** Results follow their calls at once, one for each; what the vendor's own words for this are begins with "An assistant message". */
const answeredCalls: Shape = (value, at) => {
  const messages = value as Record<string, any>[];
  return messages.flatMap((one, index) => {
    const place = `${at}[${String(index)}]`;
    if (one['role'] === 'assistant' && one['content'] == null && one['tool_calls'] === undefined)
      return [`${place} says nothing`];
    if (one['role'] === 'tool' || !Array.isArray(one['tool_calls'])) return [];
    const end = messages.findIndex((later, where) => where > index && later['role'] !== 'tool');
    const results = messages.slice(index + 1, end === -1 ? undefined : end).map((later) => later['tool_call_id']);
    const ids = one['tool_calls'].map((call: { id: string }) => call.id);
    return JSON.stringify([...ids].sort()) === JSON.stringify([...results].sort())
      ? []
      : [`${place} calls ${ids.join()} and is answered ${results.join()}`];
  });
};
const noStrayResults: Shape = (value, at) =>
  (value as Record<string, any>[]).flatMap((one, index, all) => {
    const before = all.slice(0, index).findLast((earlier) => earlier['role'] !== 'tool');
    const follows = before?.['tool_calls'] !== undefined;
    return one['role'] === 'tool' && !follows ? [`${at}[${String(index)}] answers no call`] : [];
  });

const functionTool = also(
  fields({ name: NAME }, { description: text, parameters: objectSchema, strict: orNull(flag) }),
  (value, at) => {
    const { strict, parameters } = value as Record<string, unknown>;
    return strict === true ? closedSchema(parameters, `${at}.parameters`) : [];
  },
);
const jsonSchema = also(
  fields({ name: NAME }, { description: text, schema: mapOf(anything), strict: orNull(flag) }),
  (value, at) => {
    const { strict, schema } = value as Record<string, unknown>;
    return strict === true ? closedSchema(schema, `${at}.schema`) : [];
  },
);

/** https://platform.openai.com/docs/api-reference/chat/create: what OpenAI takes, and `reasoning_content` of earlier turns. */
export const CHAT_REQUEST: Shape = also(
  fields(
    { model: words, messages: also(listOf(message, 1), answeredCalls, noStrayResults) },
    {
      frequency_penalty: number,
      logit_bias: mapOf(number),
      logprobs: flag,
      top_logprobs: count,
      max_completion_tokens: count,
      max_tokens: count,
      metadata: mapOf(text),
      modalities: listOf(oneOf('text', 'audio'), 1),
      n: count,
      parallel_tool_calls: flag,
      presence_penalty: number,
      prompt_cache_key: text,
      reasoning_effort: oneOf('none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max'),
      response_format: tagged('type', {
        text: fields({}),
        json_object: fields({}),
        json_schema: fields({ json_schema: jsonSchema }),
      }),
      safety_identifier: text,
      seed: number,
      service_tier: text,
      stop: either(text, listOf(text, 1)),
      store: flag,
      stream: flag,
      stream_options: fields({}, { include_usage: flag, include_obfuscation: flag }),
      temperature: number,
      tool_choice: either(
        oneOf('none', 'auto', 'required'),
        tagged('type', { function: fields({ function: fields({ name: NAME }) }) }),
      ),
      tools: listOf(tagged('type', { function: fields({ function: functionTool }) }), 1),
      top_p: number,
      user: text,
      verbosity: oneOf('low', 'medium', 'high'),
    },
  ),
  (value) => {
    const body = value as Record<string, unknown>;
    return [
      ...(body['stream'] !== true && body['stream_options'] !== undefined ? ['stream_options without a stream'] : []),
      ...(body['tools'] === undefined && body['tool_choice'] !== undefined ? ['tool_choice without tools'] : []),
      ...(body['tools'] === undefined && body['parallel_tool_calls'] !== undefined
        ? ['parallel_tool_calls without tools']
        : []),
      ...(isObject(body['response_format']) && body['response_format']['type'] === 'json_object' && !saysJson(body)
        ? ["'messages' must contain the word 'json'"]
        : []),
    ];
  },
);

const saysJson = (body: Record<string, unknown>): boolean => /json/i.test(JSON.stringify(body['messages']));
