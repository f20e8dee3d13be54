//! What Tauri wants of each program.

fn main() {
    tauri_build::build();
}
