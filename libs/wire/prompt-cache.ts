import {
  type CanonicalRequest,
  GatewayError,
  type LossReport,
  type Message,
  type PromptCacheBreakpoint,
  type PromptCachePolicy,
} from '../protocol/index.js';
import { isInstruction } from './instructions.js';

/** Something of the policy cannot be had: a loss, or a refusal where the caller requires it. */
export function withoutCache(report: LossReport, policy: PromptCachePolicy, path: string, reason: string): void {
  if (policy.mode === 'required') {
    throw new GatewayError('invalid_request', `The prompt cache is required, but ${reason}.`, { param: path });
  }
  if (policy.mode === 'best-effort') report.add(path, reason);
}

/** For formats without a prompt cache a caller can steer: the whole policy goes, and every breakpoint on a part or tool. */
export function dropPromptCache(report: LossReport, request: CanonicalRequest): void {
  const policy = request.promptCache;
  if (policy !== undefined) withoutCache(report, policy, 'promptCache', 'the target has no prompt cache to steer');
  dropBreakpoints(report, request);
}

/** Reports the breakpoints on parts and tools. */
export function dropBreakpoints(report: LossReport, request: CanonicalRequest): void {
  const reason = 'the target has no cache breakpoints';
  request.tools?.forEach((tool, index) => {
    if (tool.cache !== undefined) report.add(`tools[${String(index)}].cache`, reason);
  });
  request.messages.forEach((message, index) => {
    message.parts.forEach((part, at) => {
      if (part.cache !== undefined) report.add(`messages[${String(index)}].parts[${String(at)}].cache`, reason);
    });
  });
}

/**
 * The request with the policy's breakpoint put on the part or tool it means, for formats that have breakpoints. A request
 * that has one already keeps its own and gets no other.
 */
export function placeBreakpoint(request: CanonicalRequest, report: LossReport): CanonicalRequest {
  const policy = request.promptCache;
  if (policy?.breakpoint === undefined || policy.mode === 'disabled' || hasBreakpoint(request)) return request;
  const placed = placedBy(request, policy.breakpoint, policy);
  if (placed !== null) return placed;
  withoutCache(report, policy, 'promptCache.breakpoint', 'the breakpoint has nowhere to go');
  return request;
}

function hasBreakpoint(request: CanonicalRequest): boolean {
  return (
    request.tools?.some(({ cache }) => cache !== undefined) === true ||
    request.messages.some(({ parts }) => parts.some(({ cache }) => cache !== undefined))
  );
}

function placedBy(
  request: CanonicalRequest,
  breakpoint: PromptCacheBreakpoint,
  policy: PromptCachePolicy,
): CanonicalRequest | null {
  switch (breakpoint.at) {
    case 'auto':
      return onTools(request, policy) ?? onInstructions(request, policy);
    case 'end-of-tools':
      return onTools(request, policy);
    case 'end-of-instructions':
      return onInstructions(request, policy);
    case 'end-of-message':
      return onPart(request, policy, breakpoint.message);
    case 'end-of-part':
      return onPart(request, policy, breakpoint.message, breakpoint.part);
  }
}

function cacheOf(policy: PromptCachePolicy): { ttl?: string } {
  if (policy.retention === 'long') return { ttl: '1h' };
  return policy.retention === 'short' ? { ttl: '5m' } : {};
}

function onTools(request: CanonicalRequest, policy: PromptCachePolicy): CanonicalRequest | null {
  const tools = request.tools ?? [];
  const last = tools.at(-1);
  if (last === undefined) return null;
  return { ...request, tools: [...tools.slice(0, -1), { ...last, cache: cacheOf(policy) }] };
}

function onInstructions(request: CanonicalRequest, policy: PromptCachePolicy): CanonicalRequest | null {
  let last = -1;
  while (last + 1 < request.messages.length && isInstruction(request.messages[last + 1]!)) last++;
  return last < 0 ? null : onPart(request, policy, last);
}

/** On the given part of a message, by default its last one. */
function onPart(
  request: CanonicalRequest,
  policy: PromptCachePolicy,
  at: number,
  part?: number,
): CanonicalRequest | null {
  const message = request.messages[at];
  const index = part ?? (message?.parts.length ?? 0) - 1;
  const marked = message?.parts[index];
  if (message === undefined || marked === undefined) return null;
  const parts = message.parts.with(index, { ...marked, cache: cacheOf(policy) });
  const changed: Message = { ...message, parts };
  return { ...request, messages: request.messages.with(at, changed) };
}
