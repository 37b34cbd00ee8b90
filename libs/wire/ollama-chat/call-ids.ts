/** Names calls that come without an id, and finds the call a result belongs to. */
export class CallIds {
  readonly #prefix: string;
  #made = 0;
  /** Calls without a result so far. */
  readonly #open: { readonly id: string; readonly name: string }[] = [];

  /** @param prefix of the ids made here; unique among all that may meet */
  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  called(id: string | undefined, name: string): string {
    const known = id ?? this.#make();
    this.#open.push({ id: known, name });
    return known;
  }

  /** The call a result answers: the one it names, else the first unanswered one of the same tool, else the first at all. */
  answered(id: string | undefined, name: string | undefined): string {
    const byName = this.#open.findIndex((call) => call.name === name);
    const at = id === undefined ? Math.max(byName, 0) : this.#open.findIndex((call) => call.id === id);
    const call = at < 0 ? undefined : this.#open.splice(at, 1)[0];
    return id ?? call?.id ?? this.#make();
  }

  #make(): string {
    return `${this.#prefix}${String(this.#made++)}`;
  }
}
