//! What a person reads of each permission, in French. A row of the table of permissions without its words doesn't compile.

use monei::Scope;
use monei::permission::Group;

use crate::catalogue::{FeatureWords, GroupWords};

/// The words of the feature that needs `scope`; `None` for a scope that this version doesn't know.
pub const fn words(scope: &Scope) -> Option<FeatureWords> {
    let (title, allows, why, worst) = match scope {
        Scope::ProfileRead => (
            "Profil",
            "voir votre nom, votre adresse électronique et votre numéro de téléphone.",
            "Sert à distinguer vos comptes, et à remarquer si quelqu’un d’autre donne son accord par erreur.",
            "Quelqu’un apprend qui vous êtes et comment vous joindre.",
        ),
        Scope::KycRead => (
            "Niveau et plafonds",
            "voir votre niveau de vérification et ce qu’il vous permet.",
            "Sert à afficher vos plafonds, et à dire pourquoi Monei refuserait un paiement.",
            "Quelqu’un apprend jusqu’où Monei vous a vérifié, et combien vous pouvez déplacer.",
        ),
        Scope::WalletRead => (
            "Solde et historique",
            "voir vos soldes, vos portefeuilles et vos transactions.",
            "Sert à afficher ce que vous avez, et ce qui est entré et sorti. Rien ne peut être déplacé.",
            "Quelqu’un apprend combien vous avez, et qui vous payez.",
        ),
        Scope::WalletDeposit => (
            "Recevoir de l’argent",
            "lancer des dépôts et créer des liens de paiement vers votre portefeuille.",
            "Utile si un de vos programmes doit encaisser des paiements pour vous. Il ne peut pas sortir d’argent.",
            "Quelqu’un demande de l’argent à d’autres en votre nom. Il arriverait dans votre portefeuille.",
        ),
        Scope::WalletSend => (
            "Envoyer à un utilisateur de Monei",
            "payer d’autres utilisateurs de Monei depuis votre portefeuille.",
            "Utile seulement à un de vos programmes qui paie des personnes.",
            "Votre solde en nairas est versé à un autre utilisateur de Monei, dans les plafonds de votre niveau. Un tel paiement ne peut pas être annulé.",
        ),
        Scope::WalletWithdraw => (
            "Verser à une banque",
            "verser de l’argent de votre portefeuille sur un compte bancaire.",
            "Utile seulement à un de vos programmes qui vire de l’argent à des banques.",
            "Votre solde en nairas est versé sur le compte bancaire de quelqu’un d’autre, dans les plafonds de votre niveau.",
        ),
        Scope::BillsPay => (
            "Payer des factures",
            "acheter du crédit téléphonique et des données mobiles, et payer l’électricité et la télévision.",
            "Utile seulement à un de vos programmes qui paie des factures.",
            "Votre solde en nairas est dépensé en crédit téléphonique, en données mobiles ou en factures de quelqu’un d’autre. Monei ne demande pas de code PIN pour cela.",
        ),
        Scope::SwapExecute => (
            "Échanger et envoyer des cryptos",
            "échanger des cryptomonnaies et en envoyer à n’importe quelle adresse.",
            "Utile seulement à un de vos programmes qui échange ou envoie des cryptomonnaies.",
            "Toutes vos cryptomonnaies sont envoyées à l’adresse de quelqu’un d’autre, définitivement. Monei ne demande pas de code PIN pour cela.",
        ),
        Scope::OfframpExecute => (
            "Vendre des cryptos vers une banque",
            "vendre des cryptomonnaies et faire verser le produit sur un compte bancaire.",
            "Utile seulement à un de vos programmes qui change des cryptomonnaies en nairas.",
            "Vos cryptomonnaies sont vendues, et le produit est versé sur le compte bancaire de quelqu’un d’autre. Monei ne demande pas de code PIN pour cela.",
        ),
        Scope::Other(_) => return None,
    };
    Some(FeatureWords { title, allows, why, worst })
}

/// The words of a group of features.
pub const fn group(group: Group) -> GroupWords {
    let (title, lead) = match group {
        Group::See => ("Voir", "Lecture seule. Rien ici ne peut déplacer d’argent."),
        Group::Receive => ("Recevoir", "L’argent qui entre."),
        Group::Spend => (
            "Dépenser",
            "Ce programme ne dépense rien de lui-même. Ces fonctions sont pour vos autres programmes, et vous confirmez chacun de leurs paiements.",
        ),
    };
    GroupWords { title, lead }
}
