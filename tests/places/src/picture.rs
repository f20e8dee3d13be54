//! A picture of the screen, and what can be told from it: whether something is painted in a region, and in which colours.

use std::collections::HashMap;
use std::fs::File;
use std::io::BufWriter;
use std::path::Path;

use anyhow::{Context, Result, ensure};

use e2e::accessible::Rectangle;

/// The colour that the tests give the desktop. Nothing of the program has it.
pub const DESKTOP: [u8; 3] = [0x80, 0x00, 0xff];

/// How far two colours must lie apart, summed over the channels, to be told apart by a person at a glance.
const APART: u32 = 96;

/// A mouse pointer is smaller than the screen divided by this, in both directions; a window is larger.
const POINTER: usize = 12;

/// A picture: rows of red, green and blue.
#[derive(Clone)]
pub struct Picture {
    /// Width in pixels.
    pub width: usize,
    /// Height in pixels.
    pub height: usize,
    pixels: Vec<[u8; 3]>,
}

impl Picture {
    /// From pixels, row by row.
    pub fn new(width: usize, height: usize, pixels: Vec<[u8; 3]>) -> Result<Self> {
        ensure!(pixels.len() == width * height && !pixels.is_empty(), "{} pixels for {width} × {height}", pixels.len());
        Ok(Self { width, height, pixels })
    }

    /// From a binary PPM, as `grim` writes it.
    pub fn from_ppm(bytes: &[u8]) -> Result<Self> {
        let mut header = bytes.splitn(4, |byte| byte.is_ascii_whitespace());
        ensure!(header.next() == Some(b"P6"), "no binary PPM");
        let mut number = || -> Result<usize> {
            let digits = header.next().context("no size")?;
            Ok(std::str::from_utf8(digits)?.parse()?)
        };
        let (width, height) = (number()?, number()?);
        let rest = header.next().context("no pixels")?;
        let body = rest.strip_prefix(b"255\n").context("not 8 bits a channel")?;
        Self::new(width, height, body.chunks_exact(3).map(|pixel| [pixel[0], pixel[1], pixel[2]]).collect())
    }

    /// Writes it as a PNG file.
    pub fn save(&self, path: &Path) -> Result<()> {
        let mut encoder = png::Encoder::new(BufWriter::new(File::create(path)?), u32::try_from(self.width)?, u32::try_from(self.height)?);
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_depth(png::BitDepth::Eight);
        let bytes: Vec<u8> = self.pixels.iter().flatten().copied().collect();
        encoder.write_header()?.write_image_data(&bytes)?;
        Ok(())
    }

    /// The part that lies in a region; `None` where the region isn't wholly on the picture.
    pub fn part(&self, region: Rectangle) -> Option<Self> {
        let (x, y) = (usize::try_from(region.x).ok()?, usize::try_from(region.y).ok()?);
        let (width, height) = (usize::try_from(region.width).ok()?, usize::try_from(region.height).ok()?);
        if x + width > self.width || y + height > self.height {
            return None;
        }
        let pixels = (y..y + height).flat_map(|row| self.pixels[row * self.width + x..][..width].iter().copied()).collect();
        Self::new(width, height, pixels).ok()
    }

    /// The colour that most pixels have.
    pub fn ground(&self) -> [u8; 3] {
        let mut counts: HashMap<[u8; 3], usize> = HashMap::new();
        for pixel in &self.pixels {
            *counts.entry(*pixel).or_default() += 1;
        }
        counts.into_iter().max_by_key(|(_, count)| *count).map(|(colour, _)| colour).unwrap_or_default()
    }

    /// Share of pixels, from 0 to 1, that a person sees standing out from the ground: letters, borders, icons. 0 in a blank region.
    pub fn ink(&self) -> f64 {
        let ground = self.ground();
        self.share(|pixel| distance(pixel, ground) > APART)
    }

    /// Share of pixels of about this colour.
    pub fn share_of(&self, colour: [u8; 3]) -> f64 {
        self.share(|pixel| distance(pixel, colour) < APART / 4)
    }

    fn share(&self, is_such: impl Fn([u8; 3]) -> bool) -> f64 {
        let such = self.pixels.iter().filter(|pixel| is_such(**pixel)).count();
        #[expect(clippy::cast_precision_loss, reason = "pixels of a screen are few enough")]
        let share = such as f64 / self.pixels.len() as f64;
        share
    }

    /// The smallest rectangle that holds everything but the desktop, the shadows on it, and a mouse pointer.
    pub fn windows(&self) -> Option<Rectangle> {
        let (mut columns, mut rows) = (vec![0; self.width], vec![0; self.height]);
        for at in (0..self.pixels.len()).filter(|at| !is_desktop(self.pixels[*at])) {
            columns[at % self.width] += 1;
            rows[at / self.width] += 1;
        }
        // A pointer on the desktop fills less of its columns and rows than any window does.
        let sides = |counts: &[usize], all: usize| {
            let fills = |count: &usize| count * POINTER > all;
            Some((counts.iter().position(fills)?, counts.iter().rposition(fills)?))
        };
        let ((left, right), (upper, lower)) = (sides(&columns, self.height)?, sides(&rows, self.width)?);
        let number = |value: usize| i32::try_from(value).unwrap_or(i32::MAX);
        Some(Rectangle { x: number(left), y: number(upper), width: number(right - left + 1), height: number(lower - upper + 1) })
    }
}

/// Lightness as people see it, from 0 to 255 (ITU-R BT.601).
pub fn lightness([red, green, blue]: [u8; 3]) -> u32 {
    (299 * u32::from(red) + 587 * u32::from(green) + 114 * u32::from(blue)) / 1000
}

/// The desktop, also where a shadow darkens it: blue is twice red, and there is no green.
fn is_desktop([red, green, blue]: [u8; 3]) -> bool {
    green < 8 && blue > 24 && (i32::from(blue) - 2 * i32::from(red)).abs() < 12
}

fn distance(one: [u8; 3], other: [u8; 3]) -> u32 {
    one.iter().zip(other).map(|(one, other)| u32::from(one.abs_diff(other))).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn painted(ground: [u8; 3], ink: [u8; 3]) -> Picture {
        let pixels = (0..100).map(|at| if at % 10 == 0 { ink } else { ground }).collect();
        Picture::new(10, 10, pixels).unwrap()
    }

    #[test]
    fn a_blank_region_has_no_ink_and_letters_have_some() {
        assert!(painted([255; 3], [250; 3]).ink() < 0.001);
        assert!((painted([255; 3], [0; 3]).ink() - 0.1).abs() < 0.001);
        assert!((painted([22, 24, 25], [237, 240, 241]).ink() - 0.1).abs() < 0.001);
    }

    #[test]
    fn windows_are_what_is_not_desktop_nor_shadow() {
        let mut pixels = vec![DESKTOP; 100];
        pixels[34] = [0x40, 0x00, 0x80];
        assert_eq!(Picture::new(10, 10, pixels.clone()).unwrap().windows(), None);
        for at in [45, 46, 55, 56] {
            pixels[at] = [245, 247, 248];
        }
        let found = Picture::new(10, 10, pixels).unwrap().windows();
        assert_eq!(found, Some(Rectangle { x: 5, y: 4, width: 2, height: 2 }));
    }

    #[test]
    fn a_mouse_pointer_in_the_corner_is_no_window() {
        let pixels = |window: bool| {
            let is_pointer = |x: usize, y: usize| x < 3 && y < 3;
            let is_window = |x: usize, y: usize| window && (20..90).contains(&x) && (10..40).contains(&y);
            let at = |at: usize| (at % 100, at / 100);
            (0..5_000).map(at).map(|(x, y)| if is_pointer(x, y) || is_window(x, y) { [245, 247, 248] } else { DESKTOP }).collect()
        };
        assert_eq!(Picture::new(100, 50, pixels(false)).unwrap().windows(), None);
        let found = Picture::new(100, 50, pixels(true)).unwrap().windows();
        assert_eq!(found, Some(Rectangle { x: 20, y: 10, width: 70, height: 30 }));
    }

    #[test]
    fn a_region_beside_the_picture_is_no_part_of_it() {
        let picture = painted([255; 3], [0; 3]);
        assert!(picture.part(Rectangle { x: 8, y: 8, width: 2, height: 2 }).is_some());
        assert!(picture.part(Rectangle { x: 9, y: 8, width: 2, height: 2 }).is_none());
        assert!(picture.part(Rectangle { x: -1, y: 0, width: 2, height: 2 }).is_none());
    }

    #[test]
    fn a_ppm_is_read() {
        let picture = Picture::from_ppm(b"P6\n2 1\n255\n\x01\x02\x03\xff\x0a\x00").unwrap();
        assert_eq!((picture.width, picture.height, picture.pixels), (2, 1, vec![[1, 2, 3], [255, 10, 0]]));
    }
}
