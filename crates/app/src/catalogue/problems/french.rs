//! What went wrong, why, and what to do, in French: one entry per code. A code without its sentences doesn't compile.

use connect_core::problem::ProblemCode;

use crate::catalogue::ProblemWords;

/// The sentences of a problem.
pub const fn words(code: ProblemCode) -> ProblemWords {
    use ProblemCode as P;
    let (title, cause, advice) = match code {
        P::KeychainLocked => (
            "Le trousseau est verrouillé",
            "Vos accords sont conservés dans le trousseau de votre système, et il n’a pas été déverrouillé dans cette session.",
            "Déverrouillez-le : le trousseau demande son mot de passe, en général celui de votre session.",
        ),
        P::KeychainDismissed => (
            "Le trousseau n’a pas été ouvert",
            "Sa fenêtre a été fermée, ou n’a pas pu s’afficher. Elle ne s’ouvre plus, sauf si vous le demandez.",
            "Réessayez quand vous serez prêt à saisir le mot de passe. Si la fenêtre est encore ouverte, vous pouvez y répondre.",
        ),
        P::KeychainNotSetUp => (
            "Votre trousseau n’est pas encore créé",
            "Un gestionnaire de trousseaux est installé, mais il n’a aucun trousseau où conserver vos accords. C’est normal avant la première connexion avec un mot de passe.",
            "Créez-le : le gestionnaire vous demande de choisir un mot de passe.",
        ),
        P::KeychainAbsent => (
            "Aucun trousseau n’a été trouvé",
            "Ce système n’offre aucun endroit sûr où conserver vos accords, et ils ne sont jamais conservés ailleurs.",
            "Démarrez ou installez un trousseau (sous Linux, GNOME Keyring ou KWallet), puis réessayez.",
        ),
        P::KeychainNoBus => (
            "Le trousseau est inaccessible",
            "Ce programme tourne sans bus de session (D-Bus), qui est le chemin vers le trousseau.",
            "Lancez-le depuis votre bureau, ou avec dbus-run-session. S’il vient déjà de votre bureau, fermez la session et rouvrez-la.",
        ),
        P::KeychainFailed => (
            "Le trousseau ne fonctionne pas",
            "Un trousseau est installé, mais il n’a pas démarré ou n’a pas ouvert de session chiffrée.",
            "Vérifiez son installation (KWallet a besoin des modules de QCA), puis réessayez.",
        ),
        P::KeychainStopped => (
            "Le trousseau s’est arrêté",
            "Il s’est arrêté pendant que ce programme l’attendait. Ce que vous avez demandé n’a pas été fait.",
            "Réessayez : il est redémarré là où le système le permet.",
        ),
        P::KeychainRefused => (
            "Le trousseau a refusé",
            "Le trousseau de votre système n’a pas laissé ce programme lire ou écrire son entrée.",
            concat!("Autorisez ", env!("MONEI_PRODUCT_NAME"), " dans les paramètres du trousseau, puis réessayez."),
        ),
        P::KeychainTimeout => (
            "Le trousseau n’a pas répondu",
            "Il met trop de temps et n’affiche aucune fenêtre où répondre.",
            "Réessayez dans un moment. Si cela continue, fermez la session et rouvrez-la.",
        ),
        P::KeychainTooLong => (
            "L’accord ne tient pas dans le trousseau",
            "La réponse de Monei est plus longue que ce que le trousseau de ce système peut contenir.",
            "Rien n’a été enregistré. Une mise à jour de ce programme peut aider.",
        ),
        P::KeychainForgets => (
            "Ce trousseau ne garde rien",
            "Ce qui y est enregistré reste invisible aux autres programmes, ou disparaît à la fermeture de la session.",
            "Démarrez ou installez le trousseau du système (sous Linux, GNOME Keyring ou KWallet), puis réessayez.",
        ),
        P::RecordUnreadable => (
            "Un accord enregistré est illisible",
            "Son entrée dans le trousseau est abîmée, ou une version plus récente de ce programme l’a écrite.",
            "Mettez ce programme à jour, ou connectez le compte à nouveau.",
        ),
        P::RecordMissing => (
            "L’accord enregistré a disparu",
            "Son entrée n’est plus dans le trousseau : elle y a été supprimée, ou un autre trousseau est ouvert.",
            "Ouvrez le trousseau qui la contenait, ou connectez le compte à nouveau.",
        ),
        P::IndexUnavailable => (
            "Le dossier de données de ce programme est inutilisable",
            "Le disque est peut-être plein, ou le dossier vous est peut-être fermé.",
            "Libérez de la place ou ouvrez le dossier, puis réessayez.",
        ),
        P::IndexNewer => (
            "Une version plus récente de ce programme a servi ici",
            "Elle a écrit les données du programme sous une forme que cette version ne connaît pas. Rien n’a été modifié.",
            "Réinstallez la version plus récente.",
        ),
        P::Offline => {
            ("Vous êtes hors ligne", "Cet ordinateur n’a pas de connexion à Internet.", "Tout fonctionnera de nouveau dès son retour.")
        }
        P::AddressUnknown => (
            "Cette adresse n’existe pas",
            "Vous êtes connecté à un réseau, mais il ne connaît pas l’adresse du service de connexion.",
            "Cherchez une faute de frappe dans l’adresse, dans les Paramètres. Certaines adresses n’existent que dans le réseau ou le VPN d’une entreprise.",
        ),
        P::NetworkIntercepted => (
            "Autre chose a répondu sur votre réseau",
            "Une page de connexion ou un proxy s’est interposé, comme à l’hôtel ou au travail. Vos connexions sont intactes.",
            "Identifiez-vous sur le réseau dans votre navigateur, puis réessayez.",
        ),
        P::ProxyRefused => (
            "Le proxy de votre réseau a bloqué la demande",
            "Cet ordinateur accède à Internet par un proxy, qui a refusé ou n’a pas pu joindre l’adresse. Vos connexions sont intactes.",
            "Vérifiez l’adresse dans les Paramètres, ou demandez à la personne qui gère votre réseau.",
        ),
        P::ProxyPassword => (
            "Le proxy de votre réseau demande un mot de passe",
            "Cet ordinateur accède à Internet par un proxy qui exige un nom d’utilisateur et un mot de passe. Aucun n’est défini, ou ce ne sont pas les bons.",
            "Indiquez-les là où le proxy est défini, puis réessayez. Dans une variable, ils précèdent l’adresse : http://name:password@proxy:port.",
        ),
        P::ProxyUnreachable => (
            "Le proxy de votre réseau est injoignable",
            "Cet ordinateur est réglé pour accéder à Internet par un proxy, et celui-ci ne répond pas. Vos connexions sont intactes.",
            "Vous êtes peut-être sur un autre réseau que celui du proxy. Corrigez ou désactivez le proxy là où il est défini, puis réessayez.",
        ),
        P::ProxySetting => (
            "Le proxy défini est inutilisable",
            "Son adresse est mal formée, ou d’un type que ce programme ne connaît pas. Rien n’a été envoyé.",
            "Corrigez-la là où elle est définie. Ces types fonctionnent : http, https, socks5h, socks5, socks4a et socks4.",
        ),
        P::BackendMissing => (
            "Saisissez l’adresse de votre service de connexion",
            "Les accords passent par un service de connexion, et aucune adresse n’est définie ici.",
            "Saisissez son adresse dans les Paramètres. La personne qui vous a donné ce programme la connaît.",
        ),
        P::BackendUnreachable => (
            "Le service de connexion n’a pas répondu",
            "Le service par lequel passent les accords est injoignable à son adresse.",
            "Réessayez dans un moment. Si cela continue, vérifiez l’adresse dans les Paramètres, ou demandez à la personne qui vous l’a donnée.",
        ),
        P::BackendCertificate => (
            "Le certificat de votre réseau n’est pas reconnu ici",
            "À la place du service de connexion ou de Monei, quelque chose a présenté un certificat que cet ordinateur n’accepte pas : celui de votre réseau, ou un faux. Rien ne lui a été envoyé.",
            "Vérifiez que la date de cet ordinateur est juste, et essayez un autre réseau. Au travail, le certificat de votre réseau doit d’abord être installé dans le système.",
        ),
        P::CertificatesMissing => (
            "Les certificats de cet ordinateur sont illisibles",
            "Sans la liste des certificats de confiance du système, un imposteur ne se distingue de personne : rien n’a donc été envoyé.",
            "Installez les certificats du système (sous Linux, le paquet ca-certificates), et vérifiez que SSL_CERT_FILE, si elle est définie, désigne un fichier qui existe.",
        ),
        P::BackendEnvironment => (
            "Le service de connexion est fait pour un autre Monei",
            "Il travaille avec un autre environnement (bac à sable, développement ou production) que ce programme.",
            "Indiquez l’adresse d’un service qui convient dans les Paramètres.",
        ),
        P::BackendIncompatible => (
            "L’adresse ne mène pas à un service de connexion qui convient",
            "Ce qui répond à cette adresse parle une autre version, ou est tout autre chose.",
            "Vérifiez l’adresse dans les Paramètres, ou mettez ce programme à jour.",
        ),
        P::BackendUnconfirmed => (
            "Le service de connexion n’est pas confirmé",
            "Son adresse, ou le nom qu’il se donne, a changé. Les accords n’y passent qu’une fois que vous l’acceptez.",
            "Voyez dans les Paramètres le nom qu’il se donne maintenant, et confirmez-le.",
        ),
        P::BackendAddress => (
            "L’adresse est inutilisable",
            "Elle doit commencer par https:// (ou désigner cet ordinateur) et ne pas avoir de chemin.",
            "Corrigez l’adresse dans les Paramètres.",
        ),
        P::ServiceUnavailable => (
            "Le service de connexion ne peut pas travailler avec Monei en ce moment",
            "Monei n’accepte pas l’enregistrement du service lui-même. Vous n’y êtes pour rien.",
            "La personne qui gère le service doit y remédier. Réessayez plus tard.",
        ),
        P::ProviderUnavailable => {
            ("Monei n’a pas répondu", "Monei est injoignable, ou rencontre une panne.", "Rien n’est perdu. Réessayez dans un moment.")
        }
        P::Busy => ("Monei est occupé", "Monei accepte un nombre limité de demandes par minute.", "Attendez un peu, puis réessayez."),
        P::BrowserFailed => (
            "Votre navigateur n’a pas pu s’ouvrir",
            "Le système n’a pas lancé de navigateur pour le lien.",
            "Copiez le lien et collez-le vous-même dans votre navigateur.",
        ),
        P::BrowserMissing => (
            "Aucun navigateur n’a été trouvé",
            "Cet ordinateur n’a pas de navigateur web avec une fenêtre, ou le système ne sait pas lequel utiliser.",
            "Installez un navigateur, ou choisissez celui par défaut dans les paramètres de votre système. Si vous avez un navigateur ailleurs, copiez le lien.",
        ),
        P::LoopbackUnavailable => (
            "Le retour depuis le navigateur est bloqué",
            "Ce programme n’a pas pu ouvrir d’adresse sur cet ordinateur pour la réponse du navigateur.",
            "Choisissez « Par un lien d’application » dans les Paramètres, puis réessayez.",
        ),
        P::AppsPortTaken => (
            "Un autre programme occupe le port des applications",
            concat!(
                "Les applications ne peuvent pas joindre ",
                env!("MONEI_PRODUCT_NAME"),
                " par TCP, et ce qu’elles envoient à ce port arrive à l’autre programme, leurs clés comprises."
            ),
            "Fermez ce programme, ou choisissez un autre port sur la page Applications ou avec «\u{202f}moneictl app url --new\u{202f}»\u{202f}: les clés utilisées par TCP prennent alors fin.",
        ),
        P::DeepLinkUnavailable => (
            "Les liens d’application ne reviennent pas à ce programme",
            "Le système confie les liens de ce programme à un autre, ou à aucun.",
            "Choisissez « Par cet ordinateur » dans les Paramètres, ou réinstallez le programme.",
        ),
        P::Declined => (
            "Vous avez refusé sur la page de Monei",
            "Monei nous a indiqué que rien n’a été autorisé.",
            "Rien n’a changé ici. Vous pouvez redemander quand vous voulez.",
        ),
        P::NothingGranted => (
            "Rien n’a été autorisé",
            "La page de Monei a été confirmée avec toutes les autorisations désactivées.",
            "Rien n’a changé ici. Redemandez, et activez ce que vous voulez autoriser.",
        ),
        P::TimedOut => (
            "Le temps est écoulé",
            "Aucune réponse n’est venue du navigateur en dix minutes.",
            "Rien n’a changé ici. Recommencez quand vous serez prêt.",
        ),
        P::ApprovalExpired => (
            "L’accord est arrivé trop tard",
            "Il était trop ancien ou avait déjà servi : il n’a pas été accepté.",
            "Rien n’a changé ici. Recommencez.",
        ),
        P::ApprovalInvalid => (
            "La réponse ne correspond pas",
            "Ce qui est revenu ne correspond pas à ce que ce programme a demandé : rien n’a été enregistré.",
            "Recommencez. Si cela se reproduit, regardez vos applications connectées dans les paramètres de Monei.",
        ),
        P::RunEnded => (
            "Cet accord était pour une demande qui a pris fin",
            "Il a été donné trop tard, ou ce programme a redémarré entre-temps sans rien garder de la demande.",
            "Recommencez.",
        ),
        P::RequestRefused => (
            "Monei a refusé la demande",
            "Monei ne permet pas au service de connexion de demander cela.",
            "Demandez moins de fonctions, ou adressez-vous à la personne qui gère le service.",
        ),
        P::RevocationPending => (
            "Monei n’a pas confirmé la fin",
            "L’accord n’est pas utilisé, mais il est peut-être encore valable chez Monei.",
            "Il est conservé ici, et retiré dès que Monei répond. « Connected apps », dans les paramètres de Monei, y met fin aussi.",
        ),
        P::ApprovalLost => (
            "Un accord est peut-être encore valable chez Monei",
            "Monei n’a pas confirmé qu’il a pris fin, et ce qui permettrait d’y mettre fin d’ici n’a pas pu être conservé, est endommagé ou manque.",
            "Mettez-y fin sous « Connected apps », dans les paramètres de Monei. Avant de reconnecter, vérifiez que le trousseau est ouvert et qu’il reste de la place sur le disque.",
        ),
        P::SomebodyElse => (
            "Quelqu’un d’autre a donné cet accord",
            "Monei indique qu’il appartient à une autre personne que ce compte.",
            "Il a été mis de côté. Choisissez ce qu’il devient quand on vous le demande.",
        ),
        P::AccessRevoked => (
            "L’accès a été retiré",
            "Vous avez supprimé cette connexion dans les paramètres de Monei, ou Monei y a mis fin.",
            "Reconnectez le compte si vous voulez l’utiliser à nouveau.",
        ),
        P::ScopeMissing => (
            "Ce n’est pas encore autorisé",
            "L’autorisation nécessaire n’a pas été donnée : rien n’a été demandé à Monei.",
            "Demandez la fonction sur cette page.",
        ),
        P::LimitReached => (
            "Votre niveau de vérification ne le permet pas",
            "Vous avez donné l’autorisation, mais Monei limite ce que votre niveau peut faire.",
            "Passez à un niveau supérieur dans les paramètres de Monei.",
        ),
        P::AnswerUnreadable => (
            "La réponse de Monei n’a pas pu être comprise",
            "Monei a répondu d’une manière que cette version ne connaît pas.",
            "Réessayez. Si cela continue, une mise à jour de ce programme peut aider.",
        ),
        P::HistoryIncomplete => (
            "Toutes les transactions ne sont pas arrivées",
            "Ce que Monei a donné ne correspond pas au nombre annoncé, ou certaines ont sans cesse changé d’état pendant la lecture. Il pourrait en manquer dans le fichier : aucun n’a été créé.",
            "Réessayez. Si cela continue, choisissez une période plus courte.",
        ),
        P::AccountInUse => (
            "Un autre programme utilise ce compte",
            "Il renouvelle l’accès ou y met fin depuis plus d’une minute. Il a peut-être été suspendu dans un terminal, comme moneictl avec Ctrl+Z.",
            "Laissez-le terminer ou fermez-le, puis réessayez.",
        ),
        P::AnotherInProgress => {
            ("Une autre connexion est en cours", "Une seule peut se faire à la fois.", "Terminez-la ou annulez-la d’abord.")
        }
        P::NoSuchAccount => ("Ce compte n’est plus ici", "Il a été déconnecté entre-temps.", "Choisissez un autre compte dans la liste."),
        P::NoSuchApp => (
            "Cette application n’est plus autorisée",
            "Ce qui lui avait été donné a pris fin, ou a été retiré.",
            "Autorisez-la de nouveau sur la page Applications si vous voulez toujours qu’elle utilise votre compte.",
        ),
        P::AppNameTaken => (
            "Ce nom est déjà pris",
            "Deux applications aux noms semblables pourraient être prises l’une pour l’autre. Les noms qui commencent par «\u{202f}moneictl\u{202f}» sont réservés à la ligne de commande.",
            "Choisissez un autre nom, ou retirez d’abord l’autre application.",
        ),
        P::PermissionNotGiven => (
            "L’application n’a pas reçu cette autorisation",
            "Vous décidez, pour chaque application, de ce qu’elle peut faire avec votre compte. Rien n’a été envoyé à Monei.",
            "Donnez-lui cette autorisation sur la page Applications si vous voulez qu’elle le fasse.",
        ),
        P::PermissionSetAside => (
            "Vous avez mis cette autorisation de côté",
            "Elle est désactivée sur cet ordinateur : aucune application et aucune fenêtre ne l’utilise. Rien n’a été envoyé à Monei.",
            "Réactivez-la sur la page de l’autorisation si vous voulez qu’elle serve.",
        ),
        P::ConfirmationNeeded => (
            "Vous devez confirmer",
            "Cela déplace de l’argent, et une application ne peut pas le faire seule. Rien n’a été envoyé à Monei.",
            concat!("Confirmez dans ", env!("MONEI_PRODUCT_NAME"), " sur cet ordinateur."),
        ),
        P::OutcomeUnknown => (
            "Personne ne peut dire si cela a été fait",
            "La demande a été envoyée à Monei, et la réponse n’est pas arrivée. Elle n’est pas renvoyée d’elle-même.",
            "Regardez vos transactions chez Monei avant de réessayer.",
        ),
        P::ReportUnsaved => (
            "Le rapport n’a pas pu être enregistré",
            "Rien ne peut être écrit dans votre dossier Téléchargements, ni dans votre dossier personnel.",
            "Copiez plutôt le rapport.",
        ),
        P::FileUnsaved => {
            ("Le fichier n’a pas pu être enregistré", "Rien ne peut être écrit dans le dossier choisi.", "Choisissez un autre dossier.")
        }
        P::QuestionOpen => (
            "Une question est déjà ouverte",
            "La boîte de dialogue du système ne pose qu’une question à la fois. Rien n’a changé.",
            "Répondez à la question ouverte, puis réessayez.",
        ),
        P::AskedTooOften => (
            "Vous avez refusé plusieurs fois",
            "La question n’est plus posée pendant une minute au plus, pour que rien ne puisse vous forcer la main. Rien n’a changé.",
            "Patientez un peu, puis réessayez.",
        ),
        P::DialogUnavailable => (
            "La question n’a pas pu vous être posée",
            "Le système ne peut pas afficher la boîte de dialogue où vous répondriez. Rien n’a changé.",
            "Réessayez. Si cela continue, redémarrez le programme.",
        ),
        P::ClipboardUnavailable => (
            "Rien n’a pu être copié",
            "Cette session n’a pas de presse-papiers, ou un autre programme l’occupe.",
            "Réessayez. Un lien peut aussi s’ouvrir dans votre navigateur, et un rapport s’enregistrer dans un fichier.",
        ),
        P::ProgramEnding => ("Le programme se ferme", "Plus rien n’est envoyé.", "Démarrez-le à nouveau."),
        P::OthersRunning => (
            concat!(env!("MONEI_PRODUCT_NAME"), " est aussi ouvert ailleurs"),
            "Une autre de vos fenêtres ou un autre terminal l’utilise, et continuerait avec des données à supprimer ou à remplacer.",
            "Fermez-le, arrêtez «\u{202f}moneictl serve\u{202f}» s’il tourne, puis réessayez.",
        ),
        P::InvalidInput => {
            ("C’est impossible", "Le programme ne l’accepte pas en ce moment.", "Vérifiez ce que vous avez saisi, puis réessayez.")
        }
    };
    ProblemWords { title, cause, advice }
}
