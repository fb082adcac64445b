import { versionTables } from '../messages/tables.js';

const versionNames: Readonly<Record<number, string>> = { 1: '', 4: ' (OF1.3)', 5: ' (OF1.4)', 6: ' (OF1.5)' };

/** Whose message it is, by the prefix of its type here: what Open vSwitch calls it, plain and as multipart. */
const families: readonly (readonly [prefix: string, plain: string, multipart: string])[] = [
  ['nx_', 'NXT_', 'NXST_'],
  ['onf_', 'ONFT_', 'ONFST_'],
  ['', 'OFPT_', 'OFPST_'],
];

/** Kinds of multipart messages that Open vSwitch calls otherwise. */
const kindNames: Readonly<Record<string, string>> = { port_stats: 'PORT' };

interface Header {
  readonly version: number;
  readonly xid: number;
}

function tail({ version, xid }: Header): string {
  const name = versionNames[version] ?? ` (OF 0x${version.toString(16).padStart(2, '0')})`;
  return `${name} (xid=0x${xid.toString(16)}):`;
}

/** `OFPT_FLOW_MOD (OF1.3) (xid=0x5):`. */
export function messageTitle(type: string, header: Header): string {
  const [prefix, plain] = families.find(([start]) => type.startsWith(start))!;
  return plain + type.slice(prefix.length).toUpperCase() + tail(header);
}

/** `OFPST_PORT_DESC reply (OF1.3) (xid=0x5):`. */
export function multipartTitle(kind: string, isRequest: boolean, header: Header): string {
  const [prefix, , multipart] = families.find(([start]) => kind.startsWith(start))!;
  const name = kindNames[kind] ?? kind.slice(prefix.length).toUpperCase();
  return `${multipart}${name} ${isRequest ? 'request' : 'reply'}${tail(header)}`;
}

const EXPERIMENTER = 4;
const EXPERIMENTER_MULTIPART = 0xffff;

/** The title of a message of which only the beginning came, or undefined for a type that the tables do not know. */
export function titleOf(bytes: Uint8Array): string | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const header = { version: view.getUint8(0), xid: view.getUint32(4) };
  const tables = versionTables.find(({ version }) => version === header.version);
  const code = view.getUint8(1);
  if (tables === undefined) return undefined;
  if (code === EXPERIMENTER) {
    const name = nameAt(view, 8, tables.experimenters);
    return name === undefined ? undefined : messageTitle(name, header);
  }
  const direction = tables.multipartTypes.indexOf(code);
  if (direction < 0) {
    const name = tables.messages.find((row) => row.code === code)?.name;
    return name === undefined ? undefined : messageTitle(name, header);
  }
  if (bytes.length < 10) return undefined;
  const subtypeAt = 12 + tables.multipartPadding[0];
  const kindCode = view.getUint16(8);
  const kind =
    kindCode === EXPERIMENTER_MULTIPART
      ? nameAt(view, subtypeAt, tables.multipartExperimenters)
      : tables.multipart.find((row) => row.code === kindCode)?.name;
  return kind === undefined ? undefined : multipartTitle(kind, direction === 0, header);
}

interface Family {
  readonly experimenter: number;
  readonly rows: readonly { readonly code: number; readonly name: string }[];
}

/** The name of what an experimenter's number and subtype at `at` mean. */
function nameAt(view: DataView, at: number, families: readonly Family[]): string | undefined {
  if (view.byteLength < at + 8) return undefined;
  const rows = families.find(({ experimenter }) => experimenter === view.getUint32(at))?.rows;
  return rows?.find((row) => row.code === view.getUint32(at + 4))?.name;
}
