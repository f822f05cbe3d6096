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
/** Screens are shown whole: in a tile narrower than this they would be mostly bars. */
export const NARROWEST_SCREEN = 4 / 3;
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

export interface Paging {
  perPage: number;
  pages: number;
}

/** Tiles on one page at most: each shown video is decoded. */
export const MOST_ON_PAGE = 25;

/** On how many pages `count` tiles are shown so that none is smaller than the smallest; evenly full. */
export function paginate(count: number, width: number, height: number, gap: number): Paging {
  let most = Math.min(MOST_ON_PAGE, Math.max(1, count));
  while (most > 1 && layOut(most, width, height, gap).scrolls) most -= 1;
  const pages = Math.max(1, Math.ceil(count / most));
  return { perPage: Math.max(1, Math.ceil(count / pages)), pages };
}

function worth(size: { width: number; height: number }): number {
  if (size.height === 0) return 0;
  return size.width * size.height * Math.sqrt(size.width / size.height / WIDEST);
}

/** The largest tile inside a cell, no narrower and no wider than pictures are. */
function shape(width: number, height: number, narrowest = NARROWEST): { width: number; height: number } {
  if (width <= 0 || height <= 0) return { width: 0, height: 0 };
  const aspect = width / height;
  if (aspect > WIDEST) return { width: Math.floor(height * WIDEST), height: Math.floor(height) };
  if (aspect < narrowest) return { width: Math.floor(width), height: Math.floor(width / narrowest) };
  return { width: Math.floor(width), height: Math.floor(height) };
}

function smallest(tiles: number, width: number, gap: number): TileSize {
  const columns = Math.max(1, Math.min(tiles, Math.floor((width + gap) / (SMALLEST_WIDTH + gap))));
  const each = Math.floor((width - gap * (columns - 1)) / columns);
  return { columns, rows: Math.ceil(tiles / columns), width: each, height: Math.floor(each * 0.75), scrolls: true };
}

export interface SpeakerSize {
  /** Where the small tiles are. */
  strip: 'beside' | 'below';
  /** Of the large tile, CSS pixels. */
  main: { width: number; height: number };
  /** Of the small ones, which scroll where they do not all fit. */
  small: { columns: number; width: number; height: number };
}

const SMALL_WIDTH = { least: 104, most: 220 };
/** Rows of small tiles below the large one that are seen without scrolling. */
const ROWS_BELOW = 2;

/** One large tile and `others` small ones in `width` by `height` pixels: beside it or below it, whichever leaves
 * the large tile the larger picture. `narrowest`: how far that tile may be from a wide picture. */
export function layOutSpeaker(
  others: number,
  width: number,
  height: number,
  gap: number,
  narrowest = NARROWEST,
): SpeakerSize {
  const none = { columns: 1, width: 0, height: 0 };
  if (others <= 0) return { strip: 'below', main: shape(width, height, narrowest), small: none };
  let best = stripBeside(width, height, gap, narrowest);
  const most = Math.floor((width + gap) / (SMALL_WIDTH.least + gap));
  for (let columns = Math.max(1, Math.min(others, most)); columns >= 1; columns -= 1) {
    const below = stripBelow(others, columns, width, height, gap, narrowest);
    const gain = picture(below.main) - picture(best.main);
    // The fewer columns, the larger the small tiles, where it neither costs the large one nor hides them.
    const larger = best.strip === 'below' && gain === 0 && others <= columns * ROWS_BELOW;
    if (gain > 0 || larger) best = below;
  }
  return best;
}

function stripBeside(width: number, height: number, gap: number, narrowest: number): SpeakerSize {
  const small = smallWidth(width / 5);
  return {
    strip: 'beside',
    main: shape(width - gap - small, height, narrowest),
    small: { columns: 1, width: small, height: Math.floor(small / WIDEST) },
  };
}

function stripBelow(
  others: number,
  columns: number,
  width: number,
  height: number,
  gap: number,
  narrowest: number,
): SpeakerSize {
  const each = smallWidth((width - gap * (columns - 1)) / columns);
  const small = { columns, width: each, height: Math.floor(each / WIDEST) };
  const rows = Math.min(ROWS_BELOW, Math.ceil(others / columns));
  return { strip: 'below', main: shape(width, height - rows * (small.height + gap), narrowest), small };
}

function smallWidth(wish: number): number {
  return Math.floor(Math.min(SMALL_WIDTH.most, Math.max(SMALL_WIDTH.least, wish)));
}

/** Pixels of a whole 16:9 picture in a tile. */
function picture(size: { width: number; height: number }): number {
  const width = Math.min(size.width, size.height * WIDEST);
  return (width * width) / WIDEST;
}
