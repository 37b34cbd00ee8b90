const TAIL_CHARACTERS = 4;
/** Shorter secrets show nothing: the tail would be too much of them. */
const MIN_CHARACTERS_WITH_TAIL = 12;

/** The end of a secret, by which people tell theirs apart; `null`: it is too short to show any. */
export function secretTail(secret: string): string | null {
  return secret.length < MIN_CHARACTERS_WITH_TAIL ? null : secret.slice(-TAIL_CHARACTERS);
}
