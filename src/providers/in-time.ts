import { GatewayError } from '../../libs/protocol/index.js';

/** Longest wait for a token or an identity: the call it is for waits with it. */
export const PROOF_PATIENCE_MS = 10_000;

/** @throws GatewayError upstream_timeout when the work takes longer; it goes on unheard */
export async function inTime<T>(work: Promise<T>, patienceMs: number, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(
      () => reject(new GatewayError('upstream_timeout', `${what} within ${patienceMs} ms.`)),
      patienceMs,
    );
  });
  return Promise.race([work, tooLate]).finally(() => clearTimeout(timer));
}
