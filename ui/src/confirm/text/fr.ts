import type { PaymentAction } from '../../lib/bindings';
import type { Texts } from './en';

const quoted = (name: string) => `« ${name} »`;

/** Every word of the window for confirming a payment, in French. */
export const fr = (): Texts => ({
  sentence: (action, app, amount, to, account) => {
    const what: Record<PaymentAction, string> = {
      send: `envoyer ${amount} à ${to}`,
      withdraw: `verser ${amount} sur le compte bancaire ${to}`,
      airtime: `acheter ${amount} de crédit téléphonique pour ${to}`,
      data: `acheter des données mobiles pour ${to}`,
      electricity: `payer ${amount} d’électricité, compteur ${to}`,
      television: `payer la télévision, carte ${to}`,
      swap: `échanger ${amount}${to === null ? '' : ` contre ${to}`}`,
      send_crypto: `envoyer ${amount} à l’adresse ${to}`,
      sell_crypto: `vendre ${amount}, versé sur le compte bancaire ${to}`,
    };
    return `${quoted(app)} veut ${what[action]}, depuis ${account}.`;
  },
  title: 'Confirmer un paiement',
  ofTheChain: (amount) => `${amount} de la monnaie propre au réseau`,
  account: 'Compte',
  thisAccount: 'votre compte',
  meanings: {
    amount: 'Montant',
    currency: 'Devise',
    receiver: 'À',
    bank: 'Code de la banque',
    account_number: 'Compte bancaire',
    account_name: 'Nom du titulaire, selon l’application',
    customer: 'Pour',
    provider: 'Fournisseur',
    item: 'Article',
    pays: 'Monnaie payée',
    gets: 'Monnaie achetée',
    network: 'Réseau',
    reference: 'Référence',
    narration: 'Description',
    slippage: 'Écart maximal défavorable au cours annoncé',
  },
  networkOf: (name, number) => `${name} (${number})`,
  percent: (digits) => `${digits} %`,
  fee: 'Frais',
  fees: (action) => (action === 'send' ? 'Aucuns, selon Monei' : 'Monei ne les indique pas à l’avance'),
  price: 'Prix',
  priceUnknown: 'Celui de l’article ; l’application ne l’envoie pas',
  before: (time) => `Le même paiement a déjà été envoyé : ${time}. Si vous payez maintenant, il sera payé une fois de plus.`,
  pin: 'Votre code PIN Monei',
  pinHint: 'Monei le demande. Il est envoyé à Monei avec ce paiement et n’est conservé nulle part ; l’application ne le reçoit pas.',
  deny: 'Ne pas payer',
  allow: 'Payer',
  allowHint: 'Appuyez sur Payer avec la souris ou la barre d’espace. La touche Entrée ne paie pas.',
  failed: 'Il n’est plus possible de répondre, ou c’était trop tôt. Rien n’a été envoyé.',
  answered: 'Réponse donnée.',
  sandbox: 'Bac à sable : rien ici n’est de l’argent réel',
  development: 'Développement : serveurs de test de Monei, pas votre vrai compte',
});
