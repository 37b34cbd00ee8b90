import { GatewayError } from '../../libs/protocol/index.js';

const GEMINI_CALL =
  /^\/v1(?:beta)?\/models\/(.+):(generateContent|streamGenerateContent|countTokens|embedContent|batchEmbedContents)$/;
const COUNT = ':countTokens';

/** What a Gemini URL says beside the body. */
export interface GeminiPath {
  readonly model: string;
  readonly stream: boolean;
  readonly counts: boolean;
}

/** @throws GatewayError `not_found` for paths that are no call */
export function readGeminiPath(path: string): GeminiPath {
  const [, model, method] = GEMINI_CALL.exec(path) ?? [];
  if (model === undefined) throw new GatewayError('not_found', 'There is no such path.');
  return { model: decoded(model), stream: method === 'streamGenerateContent', counts: method === 'countTokens' };
}

function decoded(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    throw new GatewayError('invalid_request', 'The URL is malformed.');
  }
}

/** Marks the routes that count tokens: behind a name with slashes no pattern of a path can tell them from those that generate. */
export const COUNTS_TOKENS = { counts: 'tokens' } as const;

/** By which the router finds them. */
export const ROUTE_CONSTRAINTS = {
  counts: {
    name: 'counts',
    storage: <T>() => {
      const routes = new Map<string, T>();
      return {
        get: (value: string): T | null => routes.get(value) ?? null,
        set: (value: string, route: T): void => void routes.set(value, route),
      };
    },
    deriveConstraint: ({ url = '' }: { url?: string | undefined }): string => {
      const query = url.indexOf('?');
      return url.endsWith(COUNT, query < 0 ? url.length : query) ? COUNTS_TOKENS.counts : '';
    },
  },
};
