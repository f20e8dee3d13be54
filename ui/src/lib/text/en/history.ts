import { formatCount } from '../../format/number';
import type { ExportFormat, HistoryKind, HistoryOrder, HistoryStatus } from '../../bindings';

/** The words of the whole history and of files made from it. */
export const history = {
  title: 'All transactions',
  all: 'See all',
  back: (name: string) => `Back to ${name}`,
  filters: 'Filters',
  from: 'From',
  to: 'Until',
  dateParts: { day: 'dd', month: 'mm', year: 'yyyy' },
  /** The three in the locale's order, with its signs between them. */
  datePattern: (pattern: string) => pattern,
  dateWrong: (pattern: string) => `This is no date. Write it as ${pattern}.`,
  kind: 'Direction',
  kinds: { debit: 'Money out', credit: 'Money in', peer_transfer: 'Between users' } satisfies Record<HistoryKind, string>,
  status: 'Status',
  statuses: { pending: 'Pending', success: 'Success', completed: 'Completed', failed: 'Failed', cancelled: 'Cancelled' } satisfies Record<HistoryStatus, string>,
  any: 'Any',
  currency: 'Currency',
  currencyHint: 'For example NGN',
  min: 'Amount from',
  max: 'Amount up to',
  narration: 'Description contains',
  reference: 'Reference',
  fincra: 'Reference at Fincra',
  flutterwave: 'Reference at Flutterwave',
  order: 'Order',
  orders: { newest: 'Newest first', oldest: 'Oldest first', changed: 'Last changed first', largest: 'Largest first', smallest: 'Smallest first' } satisfies Record<HistoryOrder, string>,
  apply: 'Show',
  clear: 'Clear filters',
  more: 'More filters',
  invalid: 'One of the filters can’t be used. Write dates as the fields show, with “From” no later than “Until”, and amounts as numbers, “Amount from” no higher than “Amount up to”.',
  count: (shown: string, total: string | null) => (total === null ? `${shown} shown` : `${shown} of ${total} shown`),
  none: 'Nothing fits',
  noneLead: 'Change or clear the filters.',
  loadMore: 'Show more',
  exportTitle: 'Save to a file',
  exportLead: 'Everything that fits the filters, with exact amounts. The file holds your transactions: keep it where only you can read it.',
  format: 'Format',
  formats: { csv: 'Spreadsheet (CSV)', ofx: 'Bookkeeping (OFX)', json: 'For programs (JSON)' } satisfies Record<ExportFormat, string>,
  save: 'Save…',
  saving: (fetched: string, total: string | null) => (total === null ? `${fetched} fetched…` : `${fetched} of ${total} fetched…`),
  saved: (file: string, written: number, leftOut: number) => {
    const left = leftOut === 1 ? '1 was left out' : `${formatCount(leftOut)} were left out`;
    const why = leftOut === 0 ? '' : ` ${left}: not completed, or without a date, amount, currency or direction.`;
    return `${written === 1 ? '1 transaction was' : `${formatCount(written)} transactions were`} saved as ${file}.${why}`;
  },
  /** Said once the person has stopped it. */
  stopped: 'Nothing was saved.',
};
