//! An empty Tauri window: what `cargo xtask bench` measures the program against. One static page, nothing else.

use tauri::{WebviewUrl, WebviewWindowBuilder};

fn main() -> tauri::Result<()> {
    tauri::Builder::default()
        .setup(|app| {
            WebviewWindowBuilder::new(app, "main", WebviewUrl::default()).title("Empty window").inner_size(1080.0, 720.0).build()?;
            Ok(())
        })
        .run(tauri::generate_context!())
}
