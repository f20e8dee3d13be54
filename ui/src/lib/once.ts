// A list that comes page by page shows nothing twice: what comes in between two pages moves the last items of one into the next.
import type { BillItem, SaleItem, TransactionItem } from './bindings';

type Item = BillItem | SaleItem | TransactionItem;

/**
 * What stays the same of an item while its status changes. The window isn't told Monei's own number. `null`: it may be told from others by nothing
 * of that, and rather stands twice than not at all.
 */
const sameness = (item: Item): string | null =>
  item.reference === null || item.at === null ? null : JSON.stringify([item.reference, item.at, 'crypto' in item ? item.crypto : item.amount, 'direction' in item ? item.direction : null]);

/** The items of a page that are in none of the pages before it. */
export function newOn<Each extends Item>(page: Each[], before: Each[]): Each[] {
  const shown = new Set(before.map(sameness));
  return page.filter((item) => {
    const key = sameness(item);
    return key === null || !shown.has(key);
  });
}
