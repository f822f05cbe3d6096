/** What the stage shows large: pure, from what is there, who speaks, and what the person chose. */

export type Layout = 'grid' | 'speaker';

/** One tile, as far as the choice needs it. */
export interface Candidate {
  key: string;
  kind: 'person' | 'screen';
  self: boolean;
  speaking: boolean;
}

export interface View {
  layout: Layout;
  /** Large in the speaker layout; null where there is no tile. */
  main: string | null;
  /** Kept large by the person; null where speakers are followed. */
  pinned: string | null;
}

/** Remembers, between drawings, what the person chose and who was large. */
export class ViewChoice {
  private chosen: Layout | null = null;
  private pinned: string | null = null;
  private main: string | null = null;
  private screens = new Set<string>();

  /** `speakers`: keys of those who speak, the loudest first. */
  view(tiles: readonly Candidate[], speakers: readonly string[]): View {
    const screens = tiles.filter((tile) => tile.kind === 'screen' && !tile.self).map((tile) => tile.key);
    // Whoever begins to share wants it seen: an earlier choice gives way, and may be made again.
    if (screens.some((key) => !this.screens.has(key))) this.chosen = this.pinned = null;
    this.screens = new Set(screens);
    if (!tiles.some((tile) => tile.key === this.pinned)) this.pinned = null;
    this.main = this.pinned ?? screens.at(-1) ?? this.speaker(tiles, speakers);
    const layout = this.chosen ?? (screens.length > 0 ? 'speaker' : 'grid');
    return { layout, main: this.main, pinned: this.pinned };
  }

  choose(layout: Layout): void {
    this.chosen = layout;
    if (layout === 'grid') this.pinned = null;
  }

  /** Keeps this tile large; the tile that is kept already is let go. */
  pin(key: string): void {
    this.pinned = this.pinned === key ? null : key;
    if (this.pinned) this.chosen = 'speaker';
  }

  /** The one shown stays while speaking, so that people who talk over each other do not flicker; and stays
   * when nobody speaks. Nobody is shown their own face for speaking. */
  private speaker(tiles: readonly Candidate[], speakers: readonly string[]): string | null {
    const others = tiles.filter((tile) => tile.kind === 'person' && !tile.self);
    const shown = others.find((tile) => tile.key === this.main);
    if (shown?.speaking) return shown.key;
    const louder = speakers.find((key) => others.some((tile) => tile.key === key));
    return louder ?? shown?.key ?? others[0]?.key ?? tiles[0]?.key ?? null;
  }
}
