import { createHash } from 'node:crypto';

/** Prices in use at one time; a price list has a few thousand. */
const MAX_PRICES = 20_000;
const ids = new Map<string, string>();

/**
 * The id of a price in `price_cards`, made from all it says: a price that is edited, or a list that brings another figure under
 * the same name, gets another id. Asking again costs a map look-up.
 */
export function priceId(statement: string): string {
  let id = ids.get(statement);
  if (id === undefined) {
    if (ids.size >= MAX_PRICES) ids.clear();
    id = createHash('sha256').update(statement).digest('base64url').slice(0, 16);
    ids.set(statement, id);
  }
  return id;
}

/** The prices this process knows to be in the database. Forgetting one only means that it is sent again. */
export class StoredPrices {
  private readonly ids = new Set<string>();

  has(id: string): boolean {
    return this.ids.has(id);
  }

  add(id: string): void {
    if (this.ids.size >= MAX_PRICES) this.ids.clear();
    this.ids.add(id);
  }
}
