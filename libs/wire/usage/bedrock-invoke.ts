import { type AnswerHeaders, type Usage, usageOf } from '../../protocol/index.js';
import { count } from './counts.js';

/**
 * The tokens of a prompt as InvokeModel tells them beside bodies that do not; `null` where it does not either.
 * @see https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_InvokeModel.html
 */
export function bedrockTokens(headers: AnswerHeaders): Usage | null {
  const told = headers['x-amzn-bedrock-input-token-count'];
  const promptTokens = typeof told === 'string' && /^\d{1,15}$/.test(told) ? count(Number(told)) : null;
  return promptTokens === null ? null : usageOf({ promptTokens });
}
