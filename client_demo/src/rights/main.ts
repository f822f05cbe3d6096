/** The page for whoever comes back with a receipt: what is kept, and what can be done about it. */

import { RightsPage } from './rights-page';

new RightsPage();
