/** What is wrong with a value, each with the place; empty when nothing is. */
export type Shape = (value: unknown, at: string) => string[];

const say = (at: string, value: unknown, wanted: string): string[] => [
  `${at === '' ? 'the body' : at} is ${JSON.stringify(value)?.slice(0, 80) ?? 'absent'}, not ${wanted}`,
];
const typed =
  (type: 'string' | 'number' | 'boolean', wanted: string): Shape =>
  (value, at) =>
    typeof value === type ? [] : say(at, value, wanted);

export const anything: Shape = () => [];
export const text = typed('string', 'a string');
export const number = typed('number', 'a number');
export const flag = typed('boolean', 'true or false');
export const nothing: Shape = (value, at) => (value === null ? [] : say(at, value, 'null'));
export const count: Shape = (value, at) =>
  Number.isSafeInteger(value) && (value as number) >= 0 ? [] : say(at, value, 'a whole number');
export const words: Shape = (value, at) =>
  typeof value === 'string' && value !== '' ? [] : say(at, value, 'a string that says something');

export const matching =
  (pattern: RegExp): Shape =>
  (value, at) =>
    typeof value === 'string' && pattern.test(value) ? [] : say(at, value, `a string like ${String(pattern)}`);

/** One of these words or values. */
export const oneOf =
  (...values: readonly unknown[]): Shape =>
  (value, at) =>
    values.includes(value) ? [] : say(at, value, values.map((one) => JSON.stringify(one)).join(' or '));

export const orNull =
  (shape: Shape): Shape =>
  (value, at) =>
    value === null ? [] : shape(value, at);

/** Any of these; the faults told are those of the one that comes nearest. */
export const either =
  (...shapes: readonly Shape[]): Shape =>
  (value, at) => {
    const faults = shapes.map((shape) => shape(value, at)).sort((one, other) => one.length - other.length);
    return faults[0] ?? [];
  };

export const listOf =
  (shape: Shape, least = 0): Shape =>
  (value, at) => {
    if (!Array.isArray(value)) return say(at, value, 'a list');
    if (value.length < least) return [`${at} has fewer than ${String(least)} members`];
    return value.flatMap((member, index) => shape(member, `${at}[${String(index)}]`));
  };

export type Fields = Readonly<Record<string, Shape>>;

export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** An object with these fields and no others. */
export const fields =
  (required: Fields, optional: Fields = {}): Shape =>
  (value, at) => {
    if (!isObject(value)) return say(at, value, 'an object');
    const missing = Object.keys(required).filter((name) => value[name] === undefined);
    return [
      ...missing.map((name) => `${at}.${name} is absent`),
      ...Object.entries(value).flatMap(([name, member]) => {
        const shape = required[name] ?? optional[name];
        return shape === undefined ? [`${at}.${name} is not known`] : shape(member, `${at}.${name}`);
      }),
    ];
  };

/** An object of free names. */
export const mapOf =
  (shape: Shape): Shape =>
  (value, at) =>
    isObject(value)
      ? Object.entries(value).flatMap(([name, member]) => shape(member, `${at}.${name}`))
      : say(at, value, 'an object');

/** An object whose field `tag` says which of these it is. */
export const tagged =
  (tag: string, kinds: Fields): Shape =>
  (value, at) => {
    if (!isObject(value)) return say(at, value, 'an object');
    const kind = kinds[String(value[tag])];
    const { [tag]: _told, ...rest } = value;
    return kind === undefined ? say(`${at}.${tag}`, value[tag], Object.keys(kinds).join(' or ')) : kind(rest, at);
  };

/** Also these rules, asked only where the shape holds. */
export const also =
  (shape: Shape, ...rules: readonly Shape[]): Shape =>
  (value, at) => {
    const faults = shape(value, at);
    return faults.length > 0 ? faults : rules.flatMap((rule) => rule(value, at));
  };

/** The arguments of a tool: text of a JSON object. */
export const jsonObjectText: Shape = (value, at) => {
  try {
    return isObject(JSON.parse(value as string)) ? [] : say(at, value, 'the JSON of an object');
  } catch {
    return say(at, value, 'JSON');
  }
};

export const base64 = matching(/^[A-Za-z0-9+/]+={0,2}$/);
/** A JSON Schema of an object, as far as vendors look at it. */
export const objectSchema: Shape = (value, at) =>
  isObject(value) && value['type'] === 'object' ? [] : say(at, value, 'a schema of an object');

/** What OpenAI wants of a schema it is to follow to the letter: every object closed, every property required. */
export const closedSchema: Shape = (value, at) => {
  if (!isObject(value)) return [];
  const { properties, required, items } = value;
  const names = isObject(properties) ? Object.keys(properties) : [];
  const listed = Array.isArray(required) ? required : [];
  const open = value['type'] === 'object' && value['additionalProperties'] !== false;
  return [
    ...(open ? [`${at}.additionalProperties is not false`] : []),
    ...names.filter((name) => !listed.includes(name)).map((name) => `${at}.required lacks ${name}`),
    ...names.flatMap((name) => closedSchema((properties as Fields)[name], `${at}.properties.${name}`)),
    ...closedSchema(items, `${at}.items`),
  ];
};
