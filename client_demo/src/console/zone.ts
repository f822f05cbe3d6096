/** Puts the browser's time zone into the form or the link that signs in: the pages' times are in it. */
export function tellZone(root: ParentNode, zone = Intl.DateTimeFormat().resolvedOptions().timeZone): void {
  for (const field of root.querySelectorAll<HTMLInputElement>('input[data-zone]')) field.value = zone;
  for (const link of root.querySelectorAll<HTMLAnchorElement>('a[data-zoned]')) {
    const url = new URL(link.href);
    url.searchParams.set('zone', zone);
    link.href = url.href;
  }
}
