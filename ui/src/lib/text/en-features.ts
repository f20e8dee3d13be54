import type { FeatureGroup, FeatureId } from '../bindings';

export interface FeatureText {
  title: string;
  /** What it lets this computer's apps do, as the end of "Lets this computer's apps …". */
  allows: string;
  /** Why somebody would want it. */
  why: string;
}

export const features: Record<FeatureId, FeatureText> = {
  profile: {
    title: 'Profile',
    allows: 'see your name, e-mail address and phone number.',
    why: 'Needed to tell your accounts apart, and to notice when somebody else approves by mistake.',
  },
  kyc: {
    title: 'Tier and limits',
    allows: 'see your verification tier and what it lets you do.',
    why: 'Needed to show your limits, and why Monei would refuse a payment.',
  },
  wallet: {
    title: 'Balance and history',
    allows: 'see your balances, wallets and transactions.',
    why: 'Needed to show what you have and what came in and went out. It can’t move anything.',
  },
  deposit: {
    title: 'Receive money',
    allows: 'start deposits and make payment links into your wallet.',
    why: 'Needed when a program of yours is to collect payments for you. It can’t take money out.',
  },
  send: {
    title: 'Send to a Monei user',
    allows: 'pay other Monei users from your wallet.',
    why: 'Needed only by a program of yours that pays people.',
  },
  withdraw: {
    title: 'Pay out to a bank',
    allows: 'pay out from your wallet to a bank account.',
    why: 'Needed only by a program of yours that moves money to banks.',
  },
  bills: {
    title: 'Pay bills',
    allows: 'buy airtime and data, and pay electricity and TV bills.',
    why: 'Needed only by a program of yours that pays bills.',
  },
  swap: {
    title: 'Swap and send crypto',
    allows: 'swap tokens and send crypto to any address.',
    why: 'Needed only by a program of yours that trades or sends crypto.',
  },
  offramp: {
    title: 'Sell crypto to a bank',
    allows: 'sell crypto and have the proceeds paid to a bank account.',
    why: 'Needed only by a program of yours that turns crypto into naira.',
  },
};

export const groups: Record<FeatureGroup, { title: string; lead: string }> = {
  see: { title: 'See', lead: 'Reading only. Nothing here can move money.' },
  receive: { title: 'Receive', lead: 'Money coming in.' },
  spend: {
    title: 'Spend',
    lead: 'Nothing in this program spends. These are for other programs of yours that may use this connection later.',
  },
};
