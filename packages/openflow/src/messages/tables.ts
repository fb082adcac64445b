import type { Row } from '../core/tlv.js';
import type { MultipartRow } from './multipart.js';
import { multipart10 } from './multipart10.js';
import { multipart13 } from './multipart13.js';
import { messages10 } from './v10.js';
import { messages13 } from './v13.js';

/** Any row of any version's messages. */
export type AllRows = (typeof messages10)[number] | (typeof messages13)[number];

/** Any row of any version's multipart messages. */
export type AllMultipartRows = (typeof multipart10)[number] | (typeof multipart13)[number];

/** All that a version has. */
export interface VersionTables {
  readonly version: number;
  readonly messages: readonly Row[];
  readonly multipart: readonly MultipartRow[];
  /** Types of stats/multipart requests and replies. */
  readonly multipartTypes: readonly [request: number, reply: number];
  /** Bytes between the flags of a multipart message and its body. */
  readonly multipartPadding: number;
}

/** The versions that are spoken, by their number on the wire. */
export const versionTables: readonly VersionTables[] = [
  { version: 1, messages: messages10, multipart: multipart10, multipartTypes: [16, 17], multipartPadding: 0 },
  { version: 4, messages: messages13, multipart: multipart13, multipartTypes: [18, 19], multipartPadding: 4 },
  { version: 5, messages: messages13, multipart: multipart13, multipartTypes: [18, 19], multipartPadding: 4 },
  { version: 6, messages: messages13, multipart: multipart13, multipartTypes: [18, 19], multipartPadding: 4 },
];
