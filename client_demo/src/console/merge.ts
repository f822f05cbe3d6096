/** Changes a part of a page to new HTML and leaves alone what is the same: focus and selection stay. */
import morphdom from 'morphdom';

/** `html` is the server's own, escaped there; scripts in it would not run. Elements are the same if their `data-key`
 * is. */
export function merge(region: HTMLElement, html: string): void {
  const fresh = document.createElement(region.tagName);
  fresh.innerHTML = html;
  morphdom(region, fresh, {
    childrenOnly: true,
    getNodeKey: (node: Node) => (node instanceof HTMLElement ? (node.dataset['key'] ?? node.id) : ''),
    onBeforeElUpdated: (from: HTMLElement, to: HTMLElement) => {
      if (from instanceof HTMLDetailsElement && to instanceof HTMLDetailsElement) to.open = from.open;
      return !from.isEqualNode(to);
    },
  });
}
