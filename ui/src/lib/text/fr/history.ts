import { formatCount } from '../../format/number';
import type { Texts } from '../en';

export const history = (): Texts['history'] => ({
  title: 'Toutes les transactions',
  all: 'Tout voir',
  back: (name) => `Retour à ${name}`,
  filters: 'Filtres',
  from: 'Du',
  to: 'Au',
  dateParts: { day: 'jj', month: 'mm', year: 'aaaa' },
  datePattern: (pattern) => pattern,
  dateWrong: (pattern) => `Ce n’est pas une date. Écrivez-la ainsi : ${pattern}.`,
  kind: 'Sens',
  kinds: { debit: 'Argent sortant', credit: 'Argent entrant', peer_transfer: 'Entre utilisateurs' },
  status: 'État',
  statuses: { pending: 'En attente', success: 'Réussie', completed: 'Terminée', failed: 'Échouée', cancelled: 'Annulée' },
  any: 'Tous',
  currency: 'Devise',
  currencyHint: 'Par exemple NGN',
  min: 'Montant à partir de',
  max: 'Montant jusqu’à',
  narration: 'La description contient',
  reference: 'Référence',
  fincra: 'Référence chez Fincra',
  flutterwave: 'Référence chez Flutterwave',
  order: 'Ordre',
  orders: { newest: 'Les plus récentes d’abord', oldest: 'Les plus anciennes d’abord', changed: 'Les dernières modifiées d’abord', largest: 'Les plus grosses d’abord', smallest: 'Les plus petites d’abord' },
  apply: 'Afficher',
  clear: 'Effacer les filtres',
  more: 'Plus de filtres',
  invalid: 'Un des filtres est inutilisable. Écrivez les dates comme le montrent les champs, « Du » pas après « Au », et les montants en nombres, « Montant à partir de » pas au-dessus de « Montant jusqu’à ».',
  count: (shown, total) => (total === null ? `${shown} affichées` : `${shown} sur ${total} affichées`),
  none: 'Rien ne correspond',
  noneLead: 'Modifiez ou effacez les filtres.',
  loadMore: 'Afficher la suite',
  exportTitle: 'Enregistrer dans un fichier',
  exportLead: 'Tout ce qui correspond aux filtres, avec les montants exacts. Le fichier contient vos transactions : gardez-le là où vous seul pouvez le lire.',
  format: 'Format',
  formats: { csv: 'Tableur (CSV)', ofx: 'Comptabilité (OFX)', json: 'Pour des programmes (JSON)' },
  save: 'Enregistrer…',
  saving: (fetched, total) => (total === null ? `${fetched} récupérées…` : `${fetched} sur ${total} récupérées…`),
  saved: (file, written, leftOut) => {
    const left = leftOut === 1 ? '1 a été laissée de côté' : `${formatCount(leftOut)} ont été laissées de côté`;
    const why = leftOut === 0 ? '' : ` ${left} : non aboutie, ou sans date, montant, devise ou sens.`;
    return `${written < 2 ? `${written} transaction enregistrée` : `${formatCount(written)} transactions enregistrées`} dans ${file}.${why}`;
  },
  stopped: 'Rien n’a été enregistré.',
});
