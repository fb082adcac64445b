import { NICIRA, ONF } from '../actions/nicira.js';
import type { ExperimenterTable } from '../core/experimenter.js';
import type { Row } from '../core/tlv.js';
import type { MultipartExperimenter, MultipartRow } from './multipart.js';
import { multipartNicira, multipartOnf } from './multipart-nicira.js';
import { multipart10 } from './multipart10.js';
import { multipart13 } from './multipart13.js';
import { multipart14, multipart15 } from './multipart14.js';
import { niciraMessages, onfMessages } from './nicira.js';
import { messages10 } from './v10.js';
import { messages13 } from './v13.js';
import { messages14 } from './v14.js';
import { messages15 } from './v15.js';

/** Any row of any version's messages. */
export type AllRows =
  | (typeof messages10)[number]
  | (typeof messages13)[number]
  | (typeof messages14)[number]
  | (typeof messages15)[number]
  | (typeof niciraMessages)[number]
  | (typeof onfMessages)[number];

/** Any row of any version's multipart messages. */
export type AllMultipartRows =
  | (typeof multipart10)[number]
  | (typeof multipart13)[number]
  | (typeof multipart14)[number]
  | (typeof multipart15)[number]
  | (typeof multipartNicira)[number]
  | (typeof multipartOnf)[number];

/** All that a version has. */
export interface VersionTables {
  readonly version: number;
  readonly messages: readonly Row[];
  readonly multipart: readonly MultipartRow[];
  /** Multipart messages behind an experimenter's number. */
  readonly multipartExperimenters: readonly MultipartExperimenter[];
  readonly experimenters: readonly ExperimenterTable[];
  /** Types of stats/multipart requests and replies. */
  readonly multipartTypes: readonly [request: number, reply: number];
  /** Bytes between the flags of a multipart message and its body, and behind the subtype of an experimenter's. */
  readonly multipartPadding: readonly [flags: number, subtype: number];
}

const experimenters: readonly ExperimenterTable[] = [
  { experimenter: NICIRA, subtypeSize: 4, rows: niciraMessages },
  { experimenter: ONF, subtypeSize: 4, rows: onfMessages },
];

const multipartExperimenters: readonly MultipartExperimenter[] = [
  { experimenter: NICIRA, rows: multipartNicira },
  { experimenter: ONF, rows: multipartOnf },
];

const later = {
  multipartExperimenters,
  experimenters,
  multipartTypes: [18, 19],
  multipartPadding: [4, 0],
} as const;

/** The versions that are spoken, by their number on the wire. */
export const versionTables: readonly VersionTables[] = [
  {
    version: 1,
    messages: messages10,
    multipart: multipart10,
    multipartExperimenters,
    experimenters,
    multipartTypes: [16, 17],
    multipartPadding: [0, 4],
  },
  { version: 4, messages: messages13, multipart: multipart13, ...later },
  { version: 5, messages: messages14, multipart: multipart14, ...later },
  { version: 6, messages: messages15, multipart: multipart15, ...later },
];
