import type { Texts } from '../en';

export const leaving = (): Texts['leaving'] => ({
  title: 'Quitter cet ordinateur',
  lead: 'Pour un ordinateur que vous donnez, ou auquel vous ne faites plus confiance.',
  points: [
    'Chaque connexion prend fin chez Monei, pour chaque compte et chaque application.',
    'Ensuite, tout ce que ce programme a enregistré ici est supprimé : accords du trousseau, clés des applications, paramètres, activité et journal.',
    'Vos comptes Monei et votre argent restent tels quels.',
  ],
  start: 'Quitter cet ordinateur…',
  working: 'Un instant…',
  notYet: 'Vous n’avez pas encore quitté',
  notYetLead: 'Ce à quoi il n’a pas été possible de mettre fin est toujours ici : vous pouvez réessayer.',
  anyway: 'Quitter quand même…',
  anywayLead: 'Si vous quittez quand même, ce programme ne pourra plus mettre fin au reste. Vous seul le pourrez, dans les paramètres de Monei, sous « Connected apps ».',
  outcome: {
    ended: 'Monei a confirmé la fin de son accès.',
    removed: 'Supprimé ici. Monei n’a pas confirmé la fin de son accès.',
    unconfirmed: 'Monei n’a pas confirmé la fin de son accès.',
    unrevocable: 'Ce qu’il faudrait pour y mettre fin chez Monei n’est plus dans ce trousseau, ou est illisible.',
  },
  unassigned: (count) =>
    count === 1 ? 'Un accord que vous n’avez pas gardé n’est pas confirmé comme terminé.' : `${count} accords que vous n’avez pas gardés ne sont pas confirmés comme terminés.`,
  left: 'Vous avez quitté cet ordinateur',
  leftLead: 'Tout ce que ce programme avait enregistré ici est supprimé. Vous pouvez maintenant le désinstaller.',
  nothing: 'Aucun compte n’était connecté.',
  todo: 'À faire vous-même',
  todoLead: 'Monei n’a pas tout confirmé : mettez-y fin vous-même là-bas :',
  close: 'Fermer le programme',
});
