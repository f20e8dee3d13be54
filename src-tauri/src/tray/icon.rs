//! The icon's pictures, in the form that StatusNotifierItem wants: ARGB with the alpha byte first.

use ksni::Icon;
use tauri::image::Image;

/// The program's icon, for usual screens and for fine ones.
pub static SIZES: [Image<'static>; 2] = [tauri::include_image!("icons/32x32.png"), tauri::include_image!("icons/128x128.png")];

/// The mark where something waits is a dot with a rim, near the lower right corner. All in hundredths of the icon's width.
const CENTRE: i64 = 74;
const DOT: i64 = 19;
const RIM: i64 = 26;
const DOT_COLOUR: [u8; 3] = [0xd9, 0x48, 0x0f];
const RIM_COLOUR: [u8; 3] = [0xff, 0xff, 0xff];

/// The icon, with the mark where something waits.
pub fn pictures(waits: bool) -> Vec<Icon> {
    SIZES.iter().map(|image| picture(image, waits)).collect()
}

fn picture(image: &Image<'_>, waits: bool) -> Icon {
    let (width, height) = (image.width(), image.height());
    let mut data = Vec::with_capacity(image.rgba().len());
    for (index, pixel) in (0_u32..).zip(image.rgba().chunks_exact(4)) {
        let mark = if waits { mark(index % width, index / width, width) } else { None };
        if let Some([r, g, b]) = mark {
            data.extend([0xff, r, g, b]);
        } else if let [r, g, b, a] = *pixel {
            data.extend([a, r, g, b]);
        }
    }
    let side = |pixels: u32| i32::try_from(pixels).unwrap_or_default();
    Icon { width: side(width), height: side(height), data }
}

/// The mark's colour at a pixel of an icon of this width.
fn mark(x: u32, y: u32, width: u32) -> Option<[u8; 3]> {
    let off = |at: u32| i64::from(at) * 100 + 50 - CENTRE * i64::from(width);
    let distance = off(x).pow(2) + off(y).pow(2);
    let within = |radius: i64| distance <= (radius * i64::from(width)).pow(2);
    if within(DOT) {
        Some(DOT_COLOUR)
    } else if within(RIM) {
        Some(RIM_COLOUR)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_icon_differs_where_something_waits_and_is_whole() {
        for (plain, marked) in pictures(false).iter().zip(pictures(true)) {
            let bytes = usize::try_from(plain.width * plain.height * 4).unwrap();
            assert_eq!((plain.data.len(), marked.data.len()), (bytes, bytes));
            let centre = usize::try_from((plain.width * 74 / 100) * (plain.width + 1) * 4).unwrap();
            assert_eq!(marked.data[centre..centre + 4], [0xff, 0xd9, 0x48, 0x0f]);
            assert_eq!(plain.data[..4], marked.data[..4], "the upper left corner stays");
        }
    }
}
