//! `cargo xtask icons`: every icon in `icons`, from `icons/icon.svg`, by Tauri's own tool.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use crate::step::succeed;
use crate::tools;

/// What they are drawn from.
const DRAWING: &str = "icons/icon.svg";
/// What the tool makes by itself of all that it makes, and the sizes that it is asked for besides.
const MADE: [&str; 7] = ["32x32.png", "64x64.png", "128x128.png", "128x128@2x.png", "icon.png", "icon.icns", "icon.ico"];
const SIZES: [u32; 2] = [16, 48];

pub fn icons() -> Result<()> {
    let folder = Path::new("target/tmp/icons");
    let folder_text = folder.to_str().context("a folder without a name")?;
    let sizes = SIZES.map(|size| size.to_string()).join(",");
    succeed(tools::tauri()?.args(["icon", DRAWING, "--output", folder_text]))?;
    succeed(tools::tauri()?.args(["icon", DRAWING, "--output", folder_text, "--png", &sizes]))?;
    for name in MADE.map(str::to_owned).into_iter().chain(SIZES.map(|size| format!("{size}x{size}.png"))) {
        fs::copy(folder.join(&name), Path::new("icons").join(&name)).with_context(|| name.clone())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use resvg::tiny_skia::{Pixmap, Transform};
    use resvg::usvg::{Options, Tree};

    use super::*;

    /// How far a byte of a picture may be from the drawing: another version rounds otherwise.
    const MOST: u8 = 3;

    #[test]
    fn every_picture_is_the_drawing_in_its_size() {
        let drawing = Tree::from_data(include_bytes!("../../icons/icon.svg"), &Options::default()).unwrap();
        let mut sizes = Vec::new();
        for entry in fs::read_dir("../icons").unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_none_or(|ending| ending != "png") {
                continue;
            }
            let picture = Pixmap::load_png(&path).unwrap();
            let size = u16::try_from(picture.width()).unwrap();
            let mut drawn = Pixmap::new(size.into(), size.into()).unwrap();
            let scale = f32::from(size) / drawing.size().width();
            resvg::render(&drawing, Transform::from_scale(scale, scale), &mut drawn.as_mut());
            assert_eq!(picture.data().len(), drawn.data().len(), "{}", path.display());
            let furthest = picture.data().iter().zip(drawn.data()).map(|(own, drawn)| own.abs_diff(*drawn)).max();
            assert!(furthest <= Some(MOST), "{} differs by {furthest:?}: `cargo xtask icons` makes it anew", path.display());
            sizes.push(size);
        }
        sizes.sort_unstable();
        assert_eq!(sizes, [16, 32, 48, 64, 128, 256, 512]);
    }

    #[test]
    fn packages_for_linux_have_each_size_and_the_drawing_in_its_folder() {
        let configuration: serde_json::Value = serde_json::from_str(include_str!("../../tauri.linux.conf.json")).unwrap();
        let by_the_bundler = configuration["bundle"]["icon"].as_array().unwrap();
        let hicolor = "/usr/share/icons/hicolor";
        for kind in ["deb", "rpm"] {
            let files = &configuration["bundle"]["linux"][kind]["files"];
            assert_eq!(files[format!("{hicolor}/scalable/apps/monei-connect.svg")], DRAWING, "{kind}");
            for size in [16, 32, 48, 64, 128, 256, 512] {
                let name = format!("icons/{size}x{size}.png");
                if !by_the_bundler.contains(&name.as_str().into()) {
                    let file = files[format!("{hicolor}/{size}x{size}/apps/monei-connect.png")].as_str().unwrap();
                    assert_eq!(Pixmap::load_png(format!("../{file}")).unwrap().width(), size, "{kind}: {file}");
                }
            }
        }
    }
}
