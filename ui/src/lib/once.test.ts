import { expect, test } from 'vitest';
import type { BillItem } from './bindings';
import { newOn } from './once';

const bill = (reference: string | null, at: number | null): BillItem =>
  ({ kind: 'airtime', biller: null, amount: { amount: '100.00', currency: 'NGN' }, status: 'success', at, reference, customer: null, token: null, units: null }) as unknown as BillItem;

test('what the page before has shown is left out', () => {
  const item = bill('a', 1);
  expect(newOn([{ ...item }, bill('b', 1)], [item])).toEqual([bill('b', 1)]);
});

test('what may be another one stands twice rather than not at all', () => {
  // Two of the same amount: at the same time and without a reference, or with one reference and no time.
  for (const item of [bill(null, 1), bill('a', null), bill(null, null)]) expect(newOn([{ ...item }], [item])).toEqual([item]);
});
