import { Buffer } from 'node:buffer';
import type { IncomingMessage } from 'node:http';
import { LinecardError } from '@linecard/wire';

/** The JSON value of a body, `undefined` for an empty one. Throws `LC_PROTOCOL` that names the body as `what`. */
export function parseJson(body: Buffer, what: string): unknown {
  if (body.length === 0) return undefined;
  try {
    return JSON.parse(body.toString('utf8'));
  } catch (error) {
    throw new LinecardError('LC_PROTOCOL', `${what} is not JSON: ${(error as Error).message}`, { cause: error });
  }
}

/**
 * The whole body of a message. Throws `LC_PROTOCOL` for more than `limit` bytes (the rest is then left unread) and
 * `LC_CLOSED` when the peer goes away before the end; both name the body as `what`.
 */
export function readBody(message: IncomingMessage, limit: number, what: string): Promise<Buffer> {
  const tooLarge = () => new LinecardError('LC_PROTOCOL', `${what} is larger than ${limit} bytes`);
  if (Number(message.headers['content-length'] ?? 0) > limit) return Promise.reject(tooLarge());
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = [];
    let length = 0;
    message.on('data', (part: Buffer) => {
      length += part.length;
      if (length > limit) {
        message.pause();
        reject(tooLarge());
      } else parts.push(part);
    });
    message.on('end', () => resolve(parts.length === 1 ? parts[0]! : Buffer.concat(parts)));
    // `close` comes after every message, also a whole one.
    const gone = () => {
      if (!message.complete) reject(new LinecardError('LC_CLOSED', `the connection broke in the middle of ${what}`));
    };
    message.on('error', gone);
    message.on('close', gone);
  });
}
