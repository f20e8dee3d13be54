import type { Texts } from '../en';

export const desktop = (): Texts['desktop'] => ({
  title: 'En arrière-plan',
  closeToTray: 'Rester dans la zone de notification',
  closeToTrayLead:
    'Fermer la fenêtre laisse une icône qui dit comment vont vos comptes. Les programmes que vous avez autorisés peuvent continuer à les utiliser. Pendant ce temps, un compte est vérifié au plus une fois par heure, et rien n’est renouvelé pour lui. Pour arrêter le programme, choisissez « Quitter » dans le menu de l’icône.',
  noTray: 'Ce bureau n’affiche pas d’icônes dans la zone de notification : fermer la fenêtre arrête le programme.',
  startAtLogin: 'Démarrer à l’ouverture de session',
  startAtLoginLead: 'Avec « Rester dans la zone de notification », aucune fenêtre ne s’ouvre ; sinon, la fenêtre s’ouvre.',
  notifications: 'Me prévenir quand je dois agir',
  notificationsLead:
    'Quand un accès a pris fin, quand un paiement ou un programme attend votre réponse, ou quand un compte mérite un nouveau coup d’œil. Une seule notification à la fois, sans noms ni montants, et seulement tant qu’aucune fenêtre de ce programme n’est au premier plan.',
  noNotifications: 'Ce bureau n’affiche pas de notifications.',
});
