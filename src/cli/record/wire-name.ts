/** Hosts and what follows them in a recording's name. */
const PROVIDERS: readonly (readonly [RegExp, string])[] = [
  [/(?:^|\.)openai\.com$/, 'openai'],
  [/\.azure\.com$|\.azure-api\.net$/, 'azure'],
  [/(?:^|\.)anthropic\.com$/, 'anthropic'],
  [/^generativelanguage\.googleapis\.com$/, 'gemini'],
  [/aiplatform\.googleapis\.com$/, 'vertex'],
  [/\.amazonaws\.com$|\.api\.aws$/, 'bedrock'],
  [/(?:^|\.)cohere\.(?:com|ai)$/, 'cohere'],
  [/(?:^|\.)mistral\.ai$/, 'mistral'],
  [/(?:^|\.)groq\.com$/, 'groq'],
  [/(?:^|\.)deepseek\.com$/, 'deepseek'],
  [/(?:^|\.)openrouter\.ai$/, 'openrouter'],
  [/(?:^|\.)x\.ai$/, 'xai'],
  [/(?:^|\.)together\.(?:xyz|ai)$/, 'together'],
  [/(?:^|\.)fireworks\.ai$/, 'fireworks'],
  [/(?:^|\.)moonshot\.(?:ai|cn)$/, 'moonshot'],
  [/(?:^|\.)(?:z\.ai|bigmodel\.cn)$/, 'zai'],
  [/(?:^|\.)nvidia\.com$/, 'nvidia'],
  [/(?:^|\.)minimaxi?\.(?:io|com|chat)$/, 'minimax'],
  [/(?:^|\.)perplexity\.ai$/, 'perplexity'],
  [/(?:^|\.)cerebras\.ai$/, 'cerebras'],
  [/(?:^|\.)cloudflare\.com$/, 'cloudflare'],
  [/(?:^|\.)voyageai\.com$/, 'voyage'],
  [/(?:^|\.)jina\.ai$/, 'jina'],
  [/:11434$/, 'ollama'],
];

/** Paths, without their query, and the wire format that is spoken there. The first that fits. */
const WIRES: readonly (readonly [RegExp, string])[] = [
  [/\/messages\/count_tokens$/, 'anthropic.count_tokens'],
  [/\/messages$|:(?:stream)?rawPredict$/i, 'anthropic.messages'],
  [/:(?:streamG|g)enerateContent$/, 'gemini.generateContent'],
  [/:countTokens$/, 'gemini.countTokens'],
  [/:(?:batchE|e)mbedContents?$/, 'gemini.embedContent'],
  [/^\/v1(?:beta\d?|alpha)\/(?:tuned)?models(?:\/[^/:]+)?$/, 'gemini.models'],
  [/\/model\/[^/]+\/converse(?:-stream)?$/, 'bedrock.converse'],
  [/\/model\/[^/]+\/invoke(?:-with-response-stream)?$/, 'bedrock.invoke'],
  [/\/model\/[^/]+\/count-tokens$/, 'bedrock.countTokens'],
  [/\/v2\/chat$/, 'cohere.chat'],
  [/\/rerank$/, 'cohere.rerank'],
  [/\/api\/chat$/, 'ollama.chat'],
  [/\/api\/generate$/, 'ollama.generate'],
  [/\/api\/embed(?:dings)?$/, 'ollama.embed'],
  [/\/api\/tags$/, 'ollama.models'],
  [/\/embed$/, 'cohere.embed'],
  [/\/chat\/completions$/, 'openai.chat'],
  [/\/completions$/, 'openai.completions'],
  [/\/responses(?:\/[^/]+)?$/, 'openai.responses'],
  [/\/embeddings$/, 'openai.embeddings'],
  [/\/moderations$/, 'openai.moderations'],
  [/\/images\/(edits|variations)$/, 'openai.images.edits'],
  [/\/images\/generations$/, 'openai.images'],
  [/\/audio\/speech$/, 'openai.audio.speech'],
  [/\/audio\/transcriptions$/, 'openai.audio.transcriptions'],
  [/\/audio\/translations$/, 'openai.audio.translations'],
  [/\/ocr$/, 'mistral.ocr'],
  [/\/models(?:\/[^?]+)?$/, 'openai.models'],
];

/** Providers whose dialect of OpenAI's chat goes under a name of its own. */
const OWN_CHAT: ReadonlySet<string> = new Set(['azure', 'groq', 'deepseek', 'mistral']);

/** Who answers at a host: a known provider, else the host's own name. */
export function providerOf(host: string): string {
  const bare = host.replace(/:\d+$/, '');
  const known = PROVIDERS.find(([expression]) => expression.test(bare) || expression.test(host))?.[1];
  if (known !== undefined) return known;
  const labels = bare.split('.');
  const name = /^[\d.]+$|^\[|^localhost$/.test(bare) ? 'local' : (labels.at(-2) ?? bare);
  return name
    .toLowerCase()
    .replace(/[^a-z0-9-]/g, '-')
    .slice(0, 40);
}

/** The wire format of a path, as in `openai.chat`; `other` for one that is not known. */
export function wireOf(path: string, provider: string): string {
  const bare = path.replace(/\?.*$/s, '');
  const wire = WIRES.find(([expression]) => expression.test(bare))?.[1] ?? 'other';
  return wire === 'openai.chat' && OWN_CHAT.has(provider) ? `${provider}.chat` : wire;
}

/** The model a path names, as Gemini's, Bedrock's and Azure's do. */
export function modelInPath(path: string): string | null {
  const found = /\/model\/([^/?]+)/.exec(path)?.[1] ?? /\/(?:models|deployments)\/([^/:?]+)/.exec(path)?.[1];
  if (found === undefined) return null;
  try {
    return decodeURIComponent(found);
  } catch {
    return found;
  }
}
