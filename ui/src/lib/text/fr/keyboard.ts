import type { Texts } from '../en';

export const keyboard = (): Texts['keyboard'] => ({
  palette: 'Aller ou faire',
  search: 'Page, compte ou action',
  found: (count) => (count < 2 ? `${count} résultat` : `${count} résultats`),
  none: 'Rien ne porte ce nom',
  open: (name) => `Ouvrir ${name}`,
  all: (name) => `Toutes les transactions de ${name}`,
  receipts: (name) => `Reçus de ${name}`,
  refresh: (name) => `Actualiser ${name}`,
  rename: (name) => `Renommer ${name}…`,
  disconnect: (name) => `Déconnecter ${name}…`,
  shortcuts: 'Raccourcis clavier',
  keys: [
    ['Ctrl K', 'Aller à une page ou à un compte, ou faire quelque chose'],
    ['Ctrl /', 'Cette liste ; F1 fait de même'],
    ['Ctrl ,', 'Paramètres'],
    ['Tab, Maj Tab', 'Élément suivant ou précédent'],
    ['Flèches, Début, Fin', 'Se déplacer dans le tableau de la vue d’ensemble ; avec Ctrl, au premier et au dernier compte'],
    ['Alt ↑, Alt ↓', 'Déplacer un compte dans le tableau de la vue d’ensemble'],
    ['Entrée', 'Ouvrir ce qui a le focus'],
    ['Échap', 'Fermer une boîte de dialogue'],
  ],
  window: [
    ['Ctrl +, Ctrl −, Ctrl 0', 'Plus grand, plus petit, taille normale'],
    ['Ctrl W, Ctrl Q', 'Fermer la fenêtre, quitter le programme'],
  ],
});
