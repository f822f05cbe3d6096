/** The only script of the console. Pages work without it; with it, what is live stays true by itself, and times are
 * in the time zone of who looks. */
import './console.css';
import { followLive } from './live';
import { tellZone } from './zone';

tellZone(document);
// Signed in elsewhere: a request that a page of ours begins carries the session's cookie.
document.querySelector<HTMLAnchorElement>('a[data-go]')?.click();
for (const region of document.querySelectorAll<HTMLElement>('[data-live]')) followLive(region);
