/** The grid of tiles, kept equal to the room. */

import { layOut } from './layout';
import type { TileContent } from './roster';
import { Tile } from './tile';

const GAP = 10;

export class Stage {
  private readonly tiles = new Map<string, Tile>();
  private readonly resized = new ResizeObserver(() => this.layOut());

  constructor(private readonly grid: HTMLElement) {
    this.resized.observe(grid);
  }

  show(contents: TileContent[]): void {
    const wanted = new Set(contents.map((content) => content.key));
    for (const [key, tile] of this.tiles) {
      if (wanted.has(key)) continue;
      tile.remove();
      this.tiles.delete(key);
    }
    contents.forEach((content, index) => {
      let tile = this.tiles.get(content.key);
      if (!tile) {
        tile = new Tile(content.key);
        this.tiles.set(content.key, tile);
      }
      // Moving an element restarts its video: only those in the wrong place are moved.
      if (this.grid.children[index] !== tile.element) {
        this.grid.insertBefore(tile.element, this.grid.children[index] ?? null);
      }
      tile.show(content);
    });
    this.layOut();
  }

  close(): void {
    this.resized.disconnect();
    for (const tile of this.tiles.values()) tile.remove();
    this.tiles.clear();
  }

  private layOut(): void {
    const style = getComputedStyle(this.grid);
    const width = this.grid.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
    const height = this.grid.clientHeight - parseFloat(style.paddingTop) - parseFloat(style.paddingBottom);
    const size = layOut(this.tiles.size, width, height, GAP);
    this.grid.style.setProperty('--gap', `${GAP}px`);
    this.grid.style.setProperty('--tile-width', `${size.width}px`);
    this.grid.style.setProperty('--tile-height', `${size.height}px`);
    this.grid.dataset['scrolls'] = String(size.scrolls);
  }
}
