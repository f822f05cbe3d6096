/** The stage and the choice of what it shows: everybody, or one person large. */

import { icon, part, say } from '../dom';
import type { Call, CallPart } from './parts';
import { type Marks, speakersOf, tilesOf } from './roster';
import { Stage } from './stage';
import { type Layout, ViewChoice } from './view';

export class Floor implements CallPart {
  readonly keys = { layout: (): void => this.switchLayout() };
  private readonly choice = new ViewChoice();
  private readonly stage: Stage;
  private layout: Layout = 'grid';

  constructor(
    private readonly call: Call,
    private readonly marks: Marks,
  ) {
    this.stage = new Stage(part(call.root, 'grid', HTMLElement), (key) => {
      this.choice.pin(key);
      this.draw();
    });
    part(call.root, 'layout-button', HTMLButtonElement).addEventListener('click', () => this.switchLayout());
  }

  draw(): void {
    const { room } = this.call;
    const tiles = tilesOf(room, this.marks);
    const view = this.choice.view(tiles, speakersOf(room));
    this.stage.show(tiles, view);
    this.drawLayout(view.layout);
  }

  close(): void {
    this.stage.close();
  }

  private switchLayout(): void {
    this.choice.choose(this.layout === 'grid' ? 'speaker' : 'grid');
    this.draw();
    this.call.announce(this.layout === 'grid' ? 'Everybody in a grid.' : 'Whoever speaks is shown large.');
  }

  /** The button names the layout it leads to. */
  private drawLayout(layout: Layout): void {
    this.layout = layout;
    const button = part(this.call.root, 'layout-button', HTMLButtonElement);
    say(part(button, 'label', HTMLElement), layout === 'grid' ? 'Speaker view' : 'Grid view');
    button.title = layout === 'grid' ? 'Show whoever speaks large' : 'Show everybody in a grid';
    icon(button, layout === 'grid' ? 'i-speaker-layout' : 'i-grid');
  }
}
