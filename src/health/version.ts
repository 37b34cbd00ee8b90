import { readFileSync } from 'node:fs';

/** The version in package.json, which stands at the root both of the sources and of the image. */
export const VERSION = (
  JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')) as { version: string }
).version;
