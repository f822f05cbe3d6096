/** The tiles, kept equal to the room, in a grid or around one large tile. */

import { hide, mark } from '../dom';
import { Drawn } from './drawn';
import { layOut, layOutSpeaker, NARROWEST, NARROWEST_SCREEN, paginate } from './layout';
import type { TileContent } from './roster';
import { Tile } from './tile';
import type { View } from './view';

const GAP = 10;
/** CSS pixels that the grid leaves free for the buttons that turn its pages. */
const PAGES_HEIGHT = 46;

export interface StageTold {
  /** The key of the tile to keep large, or to let go. */
  onPin: (key: string) => void;
  /** Which page of how many is shown, and the name of somebody who speaks on another, or nothing. */
  onPages: (page: number, pages: number, elsewhere: string) => void;
}

/** What the places of all tiles follow from. */
interface Arrangement {
  /** Inside the grid, CSS pixels; the height as if there were no buttons that turn pages. */
  width: number;
  height: number;
  /** Keys of the tiles, in their order. */
  order: string;
  /** The large tile of the speaker layout; empty in the grid. */
  main: string;
  page: number;
}

export class Stage {
  private readonly tiles = new Map<string, Tile>();
  private readonly resized = new ResizeObserver((entries) => {
    for (const { contentRect } of entries) this.size = this.whole(contentRect);
    this.layOut();
  });
  private readonly arranged = new Drawn<Arrangement>();
  /** As the browser told it last; asking for it would have the page laid out at once, each time that something is drawn. */
  private size = { width: 0, height: 0 };
  private view: View = { layout: 'grid', main: null, pinned: null };
  private page = 0;
  private pages = 1;
  private contents: TileContent[] = [];

  constructor(
    private readonly grid: HTMLElement,
    private readonly told: StageTold,
  ) {
    this.resized.observe(grid);
  }

  /** `page` of the grid, from 0: the last one where there are not so many. */
  show(contents: TileContent[], view: View, page: number): void {
    this.view = view;
    this.page = page;
    this.contents = contents;
    const wanted = new Set(contents.map((content) => content.key));
    for (const [key, tile] of this.tiles) {
      if (wanted.has(key)) continue;
      tile.remove();
      this.tiles.delete(key);
    }
    contents.forEach((content, index) => {
      let tile = this.tiles.get(content.key);
      if (!tile) {
        tile = new Tile(content.key, () => this.told.onPin(content.key));
        this.tiles.set(content.key, tile);
      }
      // Moving an element restarts its video: only those in the wrong place are moved.
      if (this.grid.children[index] !== tile.element) {
        this.grid.insertBefore(tile.element, this.grid.children[index] ?? null);
      }
      tile.show(content, content.key === view.pinned);
    });
    this.layOut();
    // Once all are in their places: the library looks where each of them is.
    for (const content of contents) this.tiles.get(content.key)?.showVideo(content);
  }

  videoOf(key: string): HTMLVideoElement | null {
    return this.tiles.get(key)?.video ?? null;
  }

  close(): void {
    this.resized.disconnect();
    for (const tile of this.tiles.values()) tile.remove();
    this.tiles.clear();
  }

  private layOut(): void {
    const { width, height } = this.size;
    if (width === 0) return; // under a panel, on a phone
    const main = this.view.layout === 'speaker' ? this.tiles.get(this.view.main ?? '') : undefined;
    const order = this.contents.map(({ key, kind }) => `${kind} ${key}`).join('\n');
    if (this.arranged.differs({ width, height, order, main: main?.key ?? '', page: this.page })) {
      mark(this.grid, 'layout', main ? 'speaker' : 'grid');
      this.measure('gap', GAP);
      if (main) this.layOutAround(main, width, height);
      else this.layOutGrid(width, height);
    }
    const speaks = this.contents.find((each) => each.speaking && this.tiles.get(each.key)?.element.hidden);
    this.told.onPages(this.page, this.pages, speaks?.name ?? '');
  }

  private whole({ width, height }: DOMRectReadOnly): { width: number; height: number } {
    return { width, height: height + (this.grid.dataset['paged'] === 'true' ? PAGES_HEIGHT : 0) };
  }

  private layOutGrid(width: number, whole: number): void {
    const one = paginate(this.tiles.size, width, whole, GAP).pages === 1;
    const free = one ? whole : whole - PAGES_HEIGHT;
    const { perPage, pages } = paginate(this.tiles.size, width, free, GAP);
    mark(this.grid, 'paged', !one);
    this.pages = pages;
    this.page = Math.min(this.page, pages - 1);
    const first = this.page * perPage;
    const size = layOut(Math.min(perPage, this.tiles.size), width, free, GAP);
    const at = new Map(Array.from(this.grid.children, (element, index) => [element, index]));
    for (const tile of this.tiles.values()) {
      const index = at.get(tile.element) ?? 0;
      tile.place(null);
      // The library asks for no video of a tile that is not shown.
      hide(tile.element, index < first || index >= first + perPage);
    }
    this.grid.style.gridTemplate = '';
    this.measure('tile-width', size.width);
    this.measure('tile-height', size.height);
    mark(this.grid, 'scrolls', size.scrolls);
  }

  /** Tiles stay where they are in the page and are placed by number: the large one over all rows, where it
   * stays while the small ones scroll. */
  private layOutAround(main: Tile, width: number, height: number): void {
    const others = Array.from(this.grid.children).filter((child) => child !== main.element);
    const narrowest = main.isScreen ? NARROWEST_SCREEN : NARROWEST;
    const { strip, main: large, small } = layOutSpeaker(others.length, width, height, GAP, narrowest);
    const beside = strip === 'beside';
    const rows = Math.ceil(others.length / small.columns);
    const smallRows = rows > 0 ? `repeat(${rows}, ${small.height}px)` : '';
    this.grid.style.gridTemplate = beside
      ? `${smallRows} minmax(0, auto) / ${large.width}px ${small.width}px`
      : `${large.height}px ${smallRows} / repeat(${small.columns}, ${small.width || large.width}px)`;
    this.measure('tile-width', small.width);
    this.measure('tile-height', small.height);
    this.measure('main-width', large.width);
    this.measure('main-height', large.height);

    mark(this.grid, 'paged', false);
    this.page = 0;
    this.pages = 1;
    hide(main.element, false);
    main.place({ row: '1 / -1', column: beside ? '1' : '1 / -1', main: true });
    const at = new Map(others.map((element, index) => [element, index]));
    for (const tile of this.tiles.values()) {
      const index = at.get(tile.element);
      if (index === undefined) continue;
      const row = Math.floor(index / small.columns) + (beside ? 1 : 2);
      hide(tile.element, false);
      tile.place({ row: String(row), column: beside ? '2' : String((index % small.columns) + 1), main: false });
    }
    const stripHeight = rows * (small.height + GAP) + (beside ? 0 : large.height);
    mark(this.grid, 'scrolls', stripHeight > height + GAP);
  }

  private measure(name: string, pixels: number): void {
    this.grid.style.setProperty(`--${name}`, `${pixels}px`);
  }
}
