//! The other keyrings that are the Secret Service: KWallet, and KeePassXC with its own ideas of what must be confirmed.

use std::sync::Arc;

use connect_core::vault::KeychainVault;
use connect_core::view::{KeychainState, Section};

use crate::session::{Calls, Desktop, SERVICE, has_owner};
use crate::support::World;

/// A KWallet that was never set up, and that nothing starts but its own name.
pub async fn kwallet() {
    let desktop = Desktop::of_the_bus();
    let calls = Calls::listen();
    let mut world = World::new().await;
    world.restart_unasked(Arc::new(KeychainVault::new(SERVICE).unwrap())).await;
    assert!(has_owner("org.kde.kwalletd5"), "it is started by its own name");
    assert_eq!((world.core.view().keychain, calls.prompts()), (KeychainState::NotSetUp, 0));
    let connecting = world.connect("ada", &["profile:read"], &["profile:read"]);
    let setting_up = async {
        tokio::task::block_in_place(|| {
            let window = desktop.window("kwalletd");
            // The first page asks for the kind; "Classic" needs no key of GnuPG.
            desktop.click(&window, 109, 167);
            desktop.type_into(&window, "", &["Return"]);
            desktop.type_into(&window, "pw", &["Tab"]);
            desktop.type_into(&window, "pw", &["Return"]);
        });
    };
    let (account, ()) = tokio::join!(connecting, setting_up);
    world.core.load(&account, Section::Profile).await.unwrap();
    assert_eq!(world.core.view().keychain, KeychainState::Ready);
    world.core.disconnect(&account).await.unwrap();
}
