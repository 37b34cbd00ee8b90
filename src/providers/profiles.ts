import { ANTHROPIC } from './anthropic/anthropic.profile.js';
import { AZURE } from './azure/azure.profile.js';
import { BEDROCK } from './bedrock/bedrock.profile.js';
import { CLOUDFLARE } from './cloudflare/cloudflare.profile.js';
import { COHERE } from './cohere/cohere.profile.js';
import { DEEPSEEK } from './deepseek/deepseek.profile.js';
import { FIREWORKS } from './fireworks/fireworks.profile.js';
import { GEMINI } from './gemini/gemini.profile.js';
import { GROQ } from './groq/groq.profile.js';
import { LLAMACPP } from './llamacpp/llamacpp.profile.js';
import { MINIMAX } from './minimax/minimax.profile.js';
import { MISTRAL } from './mistral/mistral.profile.js';
import { MOONSHOT } from './moonshot/moonshot.profile.js';
import { NVIDIA } from './nvidia/nvidia.profile.js';
import { OLLAMA } from './ollama/ollama.profile.js';
import { OPENAI } from './openai/openai.profile.js';
import { OPENAI_COMPATIBLE } from './openai-compatible/openai-compatible.profile.js';
import { OPENROUTER } from './openrouter/openrouter.profile.js';
import type { ProviderProfile } from './provider-profile.js';
import { TOGETHER } from './together/together.profile.js';
import { VERTEX } from './vertex/vertex.profile.js';
import { VLLM } from './vllm/vllm.profile.js';
import { XAI } from './xai/xai.profile.js';
import { ZAI } from './zai/zai.profile.js';

/** Every vendor the gateway knows: one a folder. */
export const PROFILES: readonly ProviderProfile[] = [
  OPENAI,
  AZURE,
  ANTHROPIC,
  GEMINI,
  VERTEX,
  BEDROCK,
  COHERE,
  MISTRAL,
  GROQ,
  DEEPSEEK,
  CLOUDFLARE,
  OLLAMA,
  VLLM,
  LLAMACPP,
  OPENROUTER,
  XAI,
  TOGETHER,
  FIREWORKS,
  MOONSHOT,
  ZAI,
  NVIDIA,
  MINIMAX,
  OPENAI_COMPATIBLE,
];

const BY_KIND: ReadonlyMap<string, ProviderProfile> = new Map(PROFILES.map((profile) => [profile.kind, profile]));

export function profileOf(kind: string): ProviderProfile | undefined {
  return BY_KIND.get(kind);
}
