// Each state's picture, made small, beside the one that is kept in `tests/pictures/`. Small ones are enough to see what moved, went or changed its
// colour, and don't depend on how a letter's edge is smoothed.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';

const KEPT = join(import.meta.dirname, 'pictures');
/** What was seen and what differs, of states that differ. */
const SEEN = join(import.meta.dirname, '../../target/pictures');
/** The picture is so many times smaller than the window. */
const SMALLER = 6;
/** Side of the squares that are compared, in pixels of the small picture. */
const SQUARE = 5;
/** Mean difference of a square, of 255, from which it counts. */
const DIFFERS = 5;

/** Pictures are kept anew before they are compared. */
export const RENEWS = process.env['UPDATE_PICTURES'] === '1';

/** The page as it is, small. */
async function small(page: Page): Promise<string> {
  const whole = await page.screenshot({ animations: 'disabled', caret: 'hide' });
  return page.evaluate(
    async ([picture, smaller]) => {
      // The page's policy lets nothing be fetched.
      const loaded = await createImageBitmap(new Blob([Uint8Array.from(atob(picture), (byte) => byte.charCodeAt(0))]));
      const [width, height] = [Math.round(loaded.width / smaller), Math.round(loaded.height / smaller)];
      const canvas = new OffscreenCanvas(width, height);
      const context = canvas.getContext('2d');
      if (!context) throw new Error('no canvas');
      context.imageSmoothingQuality = 'high';
      context.drawImage(loaded, 0, 0, width, height);
      const bytes = new Uint8Array(await (await canvas.convertToBlob({ type: 'image/webp', quality: 0.7 })).arrayBuffer());
      return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''));
    },
    [whole.toString('base64'), SMALLER] as const,
  );
}

/** Where two small pictures differ: `x, y` of squares, in pixels of the window. */
const differences = (page: Page, one: string, other: string): Promise<string[]> =>
  page.evaluate(
    async ([first, second, square, differs, smaller]) => {
      const pixels = async (picture: string) => {
        const loaded = await createImageBitmap(new Blob([Uint8Array.from(atob(picture), (byte) => byte.charCodeAt(0))]));
        const context = new OffscreenCanvas(loaded.width, loaded.height).getContext('2d');
        if (!context) throw new Error('no canvas');
        context.drawImage(loaded, 0, 0);
        return context.getImageData(0, 0, loaded.width, loaded.height);
      };
      const [left, right] = [await pixels(first), await pixels(second)];
      if (left.width !== right.width || left.height !== right.height) return [`${left.width} × ${left.height} in place of ${right.width} × ${right.height}`];
      const found: string[] = [];
      for (let top = 0; top < left.height; top += square) {
        for (let start = 0; start < left.width; start += square) {
          let [sum, count] = [0, 0];
          for (let y = top; y < Math.min(top + square, left.height); y += 1) {
            for (let x = start; x < Math.min(start + square, left.width); x += 1) {
              for (let colour = 0; colour < 3; colour += 1) {
                const at = (y * left.width + x) * 4 + colour;
                sum += Math.abs((left.data[at] ?? 0) - (right.data[at] ?? 0));
                count += 1;
              }
            }
          }
          if (sum / count > differs) found.push(`${start * smaller}, ${top * smaller}`);
        }
      }
      return found;
    },
    [one, other, SQUARE, DIFFERS, SMALLER] as const,
  );

/** Keeps a picture of the page as `name`. One that looks the same stays as it is. */
export async function keep(page: Page, name: string): Promise<void> {
  const seen = await small(page);
  const path = join(KEPT, `${name}.webp`);
  if (existsSync(path) && (await differences(page, seen, readFileSync(path, 'base64'))).length === 0) return;
  mkdirSync(KEPT, { recursive: true });
  writeFileSync(path, seen, 'base64');
}

/** Compares the page with the picture that is kept of `name`. */
export async function differs(page: Page, name: string): Promise<string[]> {
  const seen = await small(page);
  const path = join(KEPT, `${name}.webp`);
  if (!existsSync(path)) return ['no picture of it is kept: UPDATE_PICTURES=1 makes one'];
  const where = await differences(page, seen, readFileSync(path, 'base64'));
  if (where.length > 0) {
    mkdirSync(SEEN, { recursive: true });
    writeFileSync(join(SEEN, `${name}.webp`), seen, 'base64');
  }
  return where;
}
