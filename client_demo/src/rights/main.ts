/** The page for whoever comes back with a receipt: what is kept, and what can be done about it. */

import { part } from '../dom';
import { kept } from '../join/kept-name';
import { openInLanguage } from '../languages/choice';
import { phrase } from '../languages/language';
import { RightsPage } from './rights-page';

await openInLanguage(kept().language);
document.title = phrase('rights.pageTitle');
part(document, 'main', HTMLElement).hidden = false;
new RightsPage();
