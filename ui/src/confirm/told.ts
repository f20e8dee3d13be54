import type { PaymentField } from '../lib/bindings';
import { formatDigits } from '../lib/format/money';
import { t } from './text';

/** Monei's networks by their numbers, by which apps name them. */
const NETWORKS: Record<string, string> = {
  '1': 'Ethereum',
  '10': 'Optimism',
  '56': 'BNB Smart Chain',
  '137': 'Polygon',
  '1135': 'Lisk',
  '8453': 'Base',
  '42161': 'Arbitrum One',
  '534352': 'Scroll',
  '11155111': 'Sepolia',
};

/** What is sent in a field, as a person reads it: nothing of it is left off. */
export function told({ meaning, value }: PaymentField): string {
  const network = meaning === 'network' && Object.hasOwn(NETWORKS, value) ? NETWORKS[value] : undefined;
  if (network !== undefined) return t.networkOf(network, value);
  // Sent in hundredths of a per cent.
  if (meaning === 'slippage' && /^\d+$/.test(value)) return t.percent(formatDigits(value.padStart(3, '0').replace(/(\d\d)$/, '.$1')) ?? value);
  return value;
}
