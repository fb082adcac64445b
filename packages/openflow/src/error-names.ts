import { experimenterError } from './error-names-experimenters.js';

const words = (text: string): readonly string[] => text.split(' ');

/** Codes of one type of error, by number. */
interface ErrorType {
  readonly type: string;
  readonly prefix: string;
  readonly codes: readonly string[];
}

const helloFailed: ErrorType = { type: 'HELLO_FAILED', prefix: 'OFPHFC', codes: words('INCOMPATIBLE EPERM') };

/** Error types of OpenFlow 1.0 (section 5.4.4), under the names that Open vSwitch gives them. */
const types10: readonly ErrorType[] = [
  helloFailed,
  {
    type: 'BAD_REQUEST',
    prefix: 'OFPBRC',
    codes: words('BAD_VERSION BAD_TYPE BAD_STAT BAD_VENDOR BAD_SUBTYPE EPERM BAD_LEN BUFFER_EMPTY BUFFER_UNKNOWN'),
  },
  {
    type: 'BAD_ACTION',
    prefix: 'OFPBAC',
    codes: words('BAD_TYPE BAD_LEN BAD_VENDOR BAD_VENDOR_TYPE BAD_OUT_PORT BAD_ARGUMENT EPERM TOO_MANY BAD_QUEUE'),
  },
  {
    type: 'FLOW_MOD_FAILED',
    prefix: 'OFPFMFC',
    codes: words('TABLE_FULL OVERLAP EPERM BAD_EMERG_TIMEOUT BAD_COMMAND UNSUPPORTED'),
  },
  { type: 'PORT_MOD_FAILED', prefix: 'OFPPMFC', codes: words('BAD_PORT BAD_HW_ADDR') },
  { type: 'QUEUE_OP_FAILED', prefix: 'OFPQOFC', codes: words('BAD_PORT BAD_QUEUE EPERM') },
];

/** Error types of OpenFlow 1.3 to 1.5 (section 7.5.4 of 1.5.1); later versions only add. */
const types13: readonly ErrorType[] = [
  helloFailed,
  {
    type: 'BAD_REQUEST',
    prefix: 'OFPBRC',
    codes: words(
      'BAD_VERSION BAD_TYPE BAD_STAT BAD_VENDOR BAD_SUBTYPE EPERM BAD_LEN BUFFER_EMPTY BUFFER_UNKNOWN BAD_TABLE_ID IS_SECONDARY BAD_PORT BAD_PACKET MULTIPART_BUFFER_OVERFLOW MULTIPART_REQUEST_TIMEOUT MULTIPART_REPLY_TIMEOUT MULTIPART_BAD_SCHED PIPELINE_FIELDS_ONLY UNKNOWN',
    ),
  },
  {
    type: 'BAD_ACTION',
    prefix: 'OFPBAC',
    codes: words(
      'BAD_TYPE BAD_LEN BAD_VENDOR BAD_VENDOR_TYPE BAD_OUT_PORT BAD_ARGUMENT EPERM TOO_MANY BAD_QUEUE BAD_OUT_GROUP MATCH_INCONSISTENT UNSUPPORTED_ORDER BAD_TAG BAD_SET_TYPE BAD_SET_LEN BAD_SET_ARGUMENT BAD_SET_MASK BAD_METER',
    ),
  },
  {
    type: 'BAD_INSTRUCTION',
    prefix: 'OFPBIC',
    codes: words(
      'UNKNOWN_INST UNSUP_INST BAD_TABLE_ID UNSUP_METADATA UNSUP_METADATA_MASK BAD_EXPERIMENTER BAD_EXP_TYPE BAD_LEN EPERM DUP_INST',
    ),
  },
  {
    type: 'BAD_MATCH',
    prefix: 'OFPBMC',
    codes: words(
      'BAD_TYPE BAD_LEN BAD_TAG BAD_DL_ADDR_MASK BAD_NW_ADDR_MASK BAD_WILDCARDS BAD_FIELD BAD_VALUE BAD_MASK BAD_PREREQ DUP_FIELD EPERM',
    ),
  },
  {
    type: 'FLOW_MOD_FAILED',
    prefix: 'OFPFMFC',
    codes: words(
      'UNKNOWN TABLE_FULL BAD_TABLE_ID OVERLAP EPERM BAD_TIMEOUT BAD_COMMAND BAD_FLAGS CANT_SYNC BAD_PRIORITY IS_SYNC',
    ),
  },
  {
    type: 'GROUP_MOD_FAILED',
    prefix: 'OFPGMFC',
    codes: words(
      'GROUP_EXISTS INVALID_GROUP WEIGHT_UNSUPPORTED OUT_OF_GROUPS OUT_OF_BUCKETS CHAINING_UNSUPPORTED WATCH_UNSUPPORTED LOOP UNKNOWN_GROUP CHAINED_GROUP BAD_TYPE BAD_COMMAND BAD_BUCKET BAD_WATCH EPERM UNKNOWN_BUCKET BUCKET_EXISTS',
    ),
  },
  { type: 'PORT_MOD_FAILED', prefix: 'OFPPMFC', codes: words('BAD_PORT BAD_HW_ADDR BAD_CONFIG BAD_ADVERTISE EPERM') },
  { type: 'TABLE_MOD_FAILED', prefix: 'OFPTMFC', codes: words('BAD_TABLE BAD_CONFIG EPERM') },
  { type: 'QUEUE_OP_FAILED', prefix: 'OFPQOFC', codes: words('BAD_PORT BAD_QUEUE EPERM') },
  { type: 'SWITCH_CONFIG_FAILED', prefix: 'OFPSCFC', codes: words('BAD_FLAGS BAD_LEN EPERM') },
  { type: 'ROLE_REQUEST_FAILED', prefix: 'OFPRRFC', codes: words('STALE UNSUP BAD_ROLE ID_UNSUP ID_IN_USE') },
  {
    type: 'METER_MOD_FAILED',
    prefix: 'OFPMMFC',
    codes: words(
      'UNKNOWN METER_EXISTS INVALID_METER UNKNOWN_METER BAD_COMMAND BAD_FLAGS BAD_RATE BAD_BURST BAD_BAND BAD_BAND_VALUE OUT_OF_METERS OUT_OF_BANDS',
    ),
  },
  {
    type: 'TABLE_FEATURES_FAILED',
    prefix: 'OFPTFFC',
    codes: words(
      'BAD_TABLE BAD_METADATA BAD_TYPE BAD_LEN BAD_ARGUMENT EPERM BAD_CAPA BAD_MAX_ENT BAD_FEATURES BAD_COMMAND TOO_MANY',
    ),
  },
  {
    type: 'BAD_PROPERTY',
    prefix: 'OFPBPC',
    codes: words('BAD_TYPE BAD_LEN BAD_VALUE TOO_MANY DUP_TYPE BAD_EXPERIMENTER BAD_EXP_TYPE BAD_EXP_VALUE EPERM'),
  },
  { type: 'ASYNC_CONFIG_FAILED', prefix: 'OFPACFC', codes: words('INVALID UNSUPPORTED EPERM') },
  {
    type: 'FLOW_MONITOR_FAILED',
    prefix: 'OFPMOFC',
    codes: words('UNKNOWN MONITOR_EXISTS INVALID_MONITOR UNKNOWN_MONITOR BAD_COMMAND BAD_FLAGS BAD_TABLE_ID BAD_OUT'),
  },
  {
    type: 'BUNDLE_FAILED',
    prefix: 'OFPBFC',
    codes: words(
      'UNKNOWN EPERM BAD_ID BUNDLE_EXIST BUNDLE_CLOSED OUT_OF_BUNDLES BAD_TYPE BAD_FLAGS MSG_BAD_LEN MSG_BAD_XID MSG_UNSUP MSG_CONFLICT MSG_TOO_MANY MSG_FAILED TIMEOUT BUNDLE_IN_PROGRESS SCHED_NOT_SUPPORTED SCHED_FUTURE SCHED_PAST',
    ),
  },
];

/** The error type of OpenFlow 1.0 behind which Nicira's numbers stand, and that of later versions for experimenters. */
const NICIRA_ERROR_10 = 0xb0c2;
const EXPERIMENTER_ERROR = 0xffff;

interface ErrorOf {
  readonly version: number;
  readonly error_type: number;
  readonly data: Uint8Array;
}

/** Where the message that an error is about begins: behind an experimenter's own numbers. */
function payloadOffset({ version, error_type, data }: ErrorOf): number {
  const offset = version === 1 && error_type === NICIRA_ERROR_10 ? 8 : 4;
  const isExperimenter = error_type === (version === 1 ? NICIRA_ERROR_10 : EXPERIMENTER_ERROR);
  return isExperimenter && data.length >= offset ? offset : 0;
}

/** As much of the message that an error is about as came with it. */
export function errorPayload(error: ErrorOf): Uint8Array {
  return error.data.subarray(payloadOffset(error));
}

/** The name of an error of an experimenter: Open vSwitch gives some that OpenFlow has only in later versions. */
function experimenterName(version: number, code: number, data: Uint8Array): string | undefined {
  const view = new DataView(data.buffer, data.byteOffset, data.length);
  if (data.length < 4) return undefined;
  const experimenter = view.getUint32(0);
  if (version !== 1) return experimenterError(version, experimenter, code);
  return data.length < 8
    ? undefined
    : experimenterError(1, experimenter, (view.getUint16(4) << 16) | view.getUint16(6));
}

/**
 * The name of an error, as `OFPBRC_BAD_LEN`; numbers where there is no name. `data` is that of the error message: there
 * stands which error of an experimenter it is.
 */
export function errorName(version: number, type: number, code: number, data: Uint8Array = new Uint8Array(0)): string {
  if (type === (version === 1 ? NICIRA_ERROR_10 : EXPERIMENTER_ERROR)) {
    const name = experimenterName(version, code, data);
    if (name !== undefined) return name;
  }
  const found = (version === 1 ? types10 : types13)[type];
  const name = found?.codes[code];
  if (found !== undefined && name !== undefined) return `${found.prefix}_${name}`;
  return found === undefined ? `type ${type}, code ${code}` : `OFPET_${found.type}, code ${code}`;
}
