import { LinecardError } from '@linecard/wire';

/** What a program wrote. */
export interface ExecOutput {
  readonly stdout: string;
  readonly stderr: string;
}

const headerLength = 8;

/**
 * Takes apart what the Engine sends of a program without a terminal: frames of one byte for the stream (1 output, 2
 * errors), three zeros, and a length of four bytes (Docker Engine API, "Stream format"). Throws `LC_PROTOCOL`.
 */
export function splitOutput(bytes: Buffer): ExecOutput {
  const parts: { stdout: Buffer[]; stderr: Buffer[] } = { stdout: [], stderr: [] };
  let at = 0;
  while (at < bytes.length) {
    const length = bytes.length - at < headerLength ? -1 : bytes.readUInt32BE(at + 4);
    const end = at + headerLength + length;
    if (length < 0 || end > bytes.length) {
      throw new LinecardError('LC_PROTOCOL', `Docker's output of a program ends in the middle of a frame at ${at}`);
    }
    parts[bytes[at] === 2 ? 'stderr' : 'stdout'].push(bytes.subarray(at + headerLength, end));
    at = end;
  }
  const text = (chunks: readonly Buffer[]) => Buffer.concat(chunks).toString('utf8');
  return { stdout: text(parts.stdout), stderr: text(parts.stderr) };
}
