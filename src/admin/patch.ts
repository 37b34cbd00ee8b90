type Defined<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

/** Leaves out the fields the caller left out, so that they stay as they are; `null` stays. */
export function definedOf<T extends object>(fields: T): Defined<T> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Defined<T>;
}

/** Applies `convert` to a field that was sent. */
export function ifSent<I, O>(value: I | undefined, convert: (value: I) => O): O | undefined {
  return value === undefined ? undefined : convert(value);
}
