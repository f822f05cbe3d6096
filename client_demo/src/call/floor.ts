/** The stage and the choice of what it shows: everybody, or one person large. */

import { assign, icon, part, say } from '../dom';
import { phrase } from '../languages/language';
import { Pages } from './pages';
import type { Call, CallPart } from './parts';
import { Picture } from './picture';
import { type Marks, speakersOf, type TileContent, tilesOf } from './roster';
import { SelfView } from './self-view';
import { Stage } from './stage';
import { type Layout, ViewChoice } from './view';

export class Floor implements CallPart {
  readonly keys;
  private readonly choice = new ViewChoice();
  private readonly pages: Pages;
  private readonly self: SelfView;
  private readonly picture: Picture;
  private readonly stage: Stage;
  private layout: Layout = 'grid';
  private main: TileContent | null = null;

  constructor(
    private readonly call: Call,
    private readonly marks: Marks,
  ) {
    this.pages = new Pages(call, () => this.draw());
    this.self = new SelfView(call);
    this.picture = new Picture(call, () => this.large());
    this.stage = new Stage(part(call.root, 'grid', HTMLElement), {
      onPin: (key) => {
        this.choice.pin(key);
        this.draw();
      },
      onPages: (page, pages, elsewhere) => this.pages.show(page, pages, elsewhere),
    });
    part(call.root, 'layout-button', HTMLButtonElement).addEventListener('click', () => this.switchLayout());
    this.keys = {
      layout: (): void => this.switchLayout(),
      ...this.pages.keys,
      ...this.self.keys,
      ...this.picture.keys,
    };
  }

  draw(): void {
    const { room } = this.call;
    const all = tilesOf(room, this.marks);
    const others = all.filter((tile) => !tile.self || tile.kind === 'screen');
    // Nobody is left before an empty stage.
    const tiles = this.self.shown || others.length === 0 ? all : others;
    const view = this.choice.view(tiles, speakersOf(room));
    this.main = tiles.find((tile) => tile.key === view.main) ?? null;
    this.stage.show(tiles, view, this.pages.page);
    this.drawLayout(view.layout);
    this.self.draw();
    this.picture.draw();
  }

  close(): void {
    this.picture.close();
    this.stage.close();
  }

  private large(): { content: TileContent; video: HTMLVideoElement } | null {
    const video = this.main && this.stage.videoOf(this.main.key);
    return this.main && video ? { content: this.main, video } : null;
  }

  private switchLayout(): void {
    this.choice.choose(this.layout === 'grid' ? 'speaker' : 'grid');
    this.draw();
    this.call.announce(phrase(this.layout === 'grid' ? 'call.gridNews' : 'call.speakerNews'));
  }

  /** The button names the layout it leads to. */
  private drawLayout(layout: Layout): void {
    this.layout = layout;
    const button = part(this.call.root, 'layout-button', HTMLButtonElement);
    say(part(button, 'label', HTMLElement), phrase(layout === 'grid' ? 'call.speakerView' : 'call.gridView'));
    assign(button, 'title', phrase(layout === 'grid' ? 'call.speakerViewTitle' : 'call.gridViewTitle'));
    icon(button, layout === 'grid' ? 'i-speaker-layout' : 'i-grid');
  }
}
