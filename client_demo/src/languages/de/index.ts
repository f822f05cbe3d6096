/** German, addressed as “Sie”. */

import type { Catalogue } from '../catalogue';
import { badge, checks, incidents, reading } from './badge';
import { call, invite, keys, news, reactions } from './call';
import { common, time } from './common';
import { encryption } from './encryption';
import { join, refused, summary } from './join';
import { media, trouble } from './media';
import { chat, connection, door, people, receivers, sent } from './people';
import { ends, entry, qualities, reasons, receipt, refusals, sources } from './receipt';
import { rights } from './rights';

export default {
  badge, call, chat, checks, common, connection, door, encryption, ends, entry, incidents, invite, join, keys, media, news, people,
  qualities, reactions, reading, reasons, receipt, receivers, refusals, refused, rights, sent, sources, summary, time, trouble,
} satisfies Catalogue;
