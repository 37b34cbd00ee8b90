import { Injectable } from '@nestjs/common';
import { ProviderAdapter, type Target } from '../provider-adapter.js';

/** Every server that speaks OpenAI's HTTP API: OpenAI itself, vLLM, SGLang, llama.cpp, Ollama's `/v1` and many vendors. */
@Injectable()
export class OpenAiCompatibleAdapter extends ProviderAdapter {
  readonly kind = 'openai-compatible';

  chatPath({ backend }: Target): string {
    return `${backend.basePath}/chat/completions`;
  }

  modelsPath({ backend }: Target): string {
    return `${backend.basePath}/models`;
  }

  headers({ credential }: Target, requestId: string): string[] {
    const headers = ['content-type', 'application/json', 'accept-encoding', 'identity', 'x-request-id', requestId];
    if (credential !== null) headers.push('authorization', `Bearer ${credential.secret}`);
    return headers;
  }
}
