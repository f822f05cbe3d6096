/** How large tiles are so that they fill a window best. */

export interface TileSize {
  columns: number;
  rows: number;
  /** CSS pixels, whole. */
  width: number;
  height: number;
  /** The tiles are at their smallest and do not all fit: the stage scrolls. */
  scrolls: boolean;
}

/** Between a portrait phone picture and a wide screen: video is cropped to it. */
export const NARROWEST = 3 / 4;
export const WIDEST = 16 / 9;
export const SMALLEST_WIDTH = 132;

/** The size that shows the most of `count` camera pictures in `width` by `height` pixels with `gap` between
 * them. Cameras give 16:9; a tile of another shape is worth less by what it crops, though not by all of it. */
export function layOut(count: number, width: number, height: number, gap: number): TileSize {
  const tiles = Math.max(1, count);
  let best: TileSize = { columns: 1, rows: tiles, width: 0, height: 0, scrolls: true };
  for (let columns = 1; columns <= tiles; columns += 1) {
    const rows = Math.ceil(tiles / columns);
    const size = shape((width - gap * (columns - 1)) / columns, (height - gap * (rows - 1)) / rows);
    if (worth(size) > worth(best)) best = { columns, rows, ...size, scrolls: false };
  }
  return best.width < Math.min(SMALLEST_WIDTH, width) ? smallest(tiles, width, gap) : best;
}

function worth(size: { width: number; height: number }): number {
  if (size.height === 0) return 0;
  return size.width * size.height * Math.sqrt(size.width / size.height / WIDEST);
}

/** The largest tile inside a cell, no narrower and no wider than pictures are. */
function shape(width: number, height: number): { width: number; height: number } {
  if (width <= 0 || height <= 0) return { width: 0, height: 0 };
  const aspect = width / height;
  if (aspect > WIDEST) return { width: Math.floor(height * WIDEST), height: Math.floor(height) };
  if (aspect < NARROWEST) return { width: Math.floor(width), height: Math.floor(width / NARROWEST) };
  return { width: Math.floor(width), height: Math.floor(height) };
}

function smallest(tiles: number, width: number, gap: number): TileSize {
  const columns = Math.max(1, Math.min(tiles, Math.floor((width + gap) / (SMALLEST_WIDTH + gap))));
  const each = Math.floor((width - gap * (columns - 1)) / columns);
  return { columns, rows: Math.ceil(tiles / columns), width: each, height: Math.floor(each * 0.75), scrolls: true };
}
