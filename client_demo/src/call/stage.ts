/** The tiles, kept equal to the room, in a grid or around one large tile. */

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

export class Stage {
  private readonly tiles = new Map<string, Tile>();
  private readonly resized = new ResizeObserver(() => this.layOut());
  private view: View = { layout: 'grid', main: null, pinned: null };
  private page = 0;
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
    const { grid } = this;
    if (grid.clientWidth === 0) return; // under a panel, on a phone
    const style = getComputedStyle(grid);
    const width = grid.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
    const height = grid.clientHeight - parseFloat(style.paddingTop) - parseFloat(style.paddingBottom);
    const main = this.view.layout === 'speaker' ? this.tiles.get(this.view.main ?? '') : undefined;
    grid.dataset['layout'] = main ? 'speaker' : 'grid';
    if (main) grid.dataset['paged'] = 'false';
    this.measure('gap', GAP);
    if (main) this.layOutAround(main, width, height);
    else this.layOutGrid(width, height);
  }

  private layOutGrid(width: number, height: number): void {
    const whole = height + (this.grid.dataset['paged'] === 'true' ? PAGES_HEIGHT : 0);
    const one = paginate(this.tiles.size, width, whole, GAP).pages === 1;
    const free = one ? whole : whole - PAGES_HEIGHT;
    const { perPage, pages } = paginate(this.tiles.size, width, free, GAP);
    this.grid.dataset['paged'] = String(!one);
    this.page = Math.min(this.page, pages - 1);
    const first = this.page * perPage;
    const size = layOut(Math.min(perPage, this.tiles.size), width, free, GAP);
    const at = new Map(Array.from(this.grid.children, (element, index) => [element, index]));
    for (const tile of this.tiles.values()) {
      const index = at.get(tile.element) ?? 0;
      tile.place(null);
      // The library asks for no video of a tile that is not shown.
      tile.element.hidden = index < first || index >= first + perPage;
    }
    const speaks = this.contents.find((each) => each.speaking && this.tiles.get(each.key)?.element.hidden);
    this.told.onPages(this.page, pages, speaks?.name ?? '');
    this.grid.style.gridTemplate = '';
    this.measure('tile-width', size.width);
    this.measure('tile-height', size.height);
    this.grid.dataset['scrolls'] = String(size.scrolls);
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

    this.told.onPages(0, 1, '');
    main.element.hidden = false;
    main.place({ row: '1 / -1', column: beside ? '1' : '1 / -1', main: true });
    const at = new Map(others.map((element, index) => [element, index]));
    for (const tile of this.tiles.values()) {
      const index = at.get(tile.element);
      if (index === undefined) continue;
      const row = Math.floor(index / small.columns) + (beside ? 1 : 2);
      tile.element.hidden = false;
      tile.place({ row: String(row), column: beside ? '2' : String((index % small.columns) + 1), main: false });
    }
    const stripHeight = rows * (small.height + GAP) + (beside ? 0 : large.height);
    this.grid.dataset['scrolls'] = String(stripHeight > height + GAP);
  }

  private measure(name: string, pixels: number): void {
    this.grid.style.setProperty(`--${name}`, `${pixels}px`);
  }
}
