import { MODELS } from '../load/answers.mjs';

/** Straight to the upstream: not a peer, but what added latency is added to. */
export function direct(upstreamPort) {
  return {
    port: upstreamPort,
    accounts: { gateway: [] },
    target: (kind) => ({
      port: upstreamPort,
      path: '/v1/chat/completions',
      headers: {},
      calls: [{ key: 'sk-bench', model: MODELS[kind].upstream, expectedModel: MODELS[kind].upstream }],
    }),
    stop: async () => {},
  };
}
