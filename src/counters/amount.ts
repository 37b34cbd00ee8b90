/**
 * A quantity in the smallest unit of its counter: requests, tokens, nano-dollars. Always whole. A `number` must be a safe
 * integer; a `bigint` may be larger. The two mix freely, sums stay exact, and results come back as `number` when they fit.
 */
export type Amount = number | bigint;

/** Largest limit or amount of a calendar counter: Redis counts in 64 bits, and half of that leaves room for corrections ($4.6 billion in nano-dollars). */
export const LARGEST_AMOUNT = 2n ** 62n;

const MAX_SAFE = BigInt(Number.MAX_SAFE_INTEGER);

/** `a + b`, exact. */
export function plus(a: Amount, b: Amount): Amount {
  if (typeof a === 'number' && typeof b === 'number') {
    const sum = a + b;
    if (Number.isSafeInteger(sum)) return sum;
  }
  return fit(BigInt(a) + BigInt(b));
}

/** `a - b`, exact, but never below zero. */
export function minusToZero(a: Amount, b: Amount): Amount {
  if (a <= b) return 0;
  return typeof a === 'number' && typeof b === 'number' ? a - b : fit(BigInt(a) - BigInt(b));
}

/** A `number` where it is exact, otherwise a `bigint`. */
export function fit(value: bigint): Amount {
  return value <= MAX_SAFE && value >= -MAX_SAFE ? Number(value) : value;
}
