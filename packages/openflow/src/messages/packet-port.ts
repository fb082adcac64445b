import { invalid } from '../core/errors.js';
import { type Kind, port16 } from '../core/kinds.js';
import type { Match } from '../oxm.js';

/** The port that a match names, as of the `match` of a packet-in: where the packet came in. */
export function inPortOf(match: Match): number | undefined {
  for (let i = 0; i < match.length; i++) {
    const field = match[i]!;
    if (field.field === 'in_port') return field.value as number;
  }
  return undefined;
}

/** `in_port` of a packet-in of OpenFlow 1.0, held as later versions say it: a match of one field. */
export const portAsMatch: Kind<Match> = {
  read: (r) => [{ field: 'in_port', value: port16.read(r) }],
  write: (w, match) => {
    const port = inPortOf(match);
    if (port === undefined || match.length !== 1) throw invalid('a packet-in of OpenFlow 1.0 says in_port and no more');
    port16.write(w, port);
  },
};
