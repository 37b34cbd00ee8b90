/** Names calls that the API leaves without one, and finds the call a result belongs to. */
export class CallIds {
  readonly #prefix: string;
  #made = 0;
  /** Calls without an answer so far, by what they call. */
  readonly #open: { readonly id: string; readonly name: string }[] = [];
  #lastCode = '';

  /** @param prefix of the ids made here; unique among all that may meet */
  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  make(): string {
    return `${this.#prefix}${String(this.#made++)}`;
  }

  /** A call of a function. */
  called(id: string | undefined, name: string): string {
    const known = id ?? this.make();
    this.#open.push({ id: known, name });
    return known;
  }

  /** The call a result answers: the one it names, else the first unanswered one of the same function. */
  answered(id: string | undefined, name: string): string {
    const at = this.#open.findIndex((call) => (id === undefined ? call.name === name : call.id === id));
    const call = at < 0 ? undefined : this.#open.splice(at, 1)[0];
    return id ?? call?.id ?? this.make();
  }

  /** Code the provider runs; its output follows. */
  ran(id: string | undefined): string {
    this.#lastCode = id ?? this.make();
    return this.#lastCode;
  }

  put(id: string | undefined): string {
    return id ?? (this.#lastCode === '' ? this.make() : this.#lastCode);
  }
}
