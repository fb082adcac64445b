import { LinecardError } from '@linecard/wire';

const hints: Readonly<Record<string, string>> = {
  ENOENT: 'is Docker installed and running? systemctl status docker',
  ECONNREFUSED: 'is Docker running? systemctl status docker',
  EACCES: 'run this as root or as a member of the group docker',
};

/** The request got no answer: `LC_DOCKER` with what to look at. */
export function requestFailed(socketPath: string, call: string, cause: unknown): LinecardError {
  const { code, message } = cause as NodeJS.ErrnoException;
  const hint = hints[code ?? ''];
  const text = `Docker does not answer ${call} on ${socketPath}: ${message}`;
  return new LinecardError('LC_DOCKER', text, { cause, ...(hint !== undefined && { hint }) });
}

/**
 * An answer that is no success, to a call such as `GET /info`: `LC_NOT_FOUND` for 404, `LC_INVALID` for an ambiguous
 * name, `LC_CONFLICT` for 409, `LC_DOCKER` otherwise.
 */
export function statusError(call: string, status: number, body: Buffer): LinecardError {
  const text = messageOf(body);
  if (/multiple ids found|is ambiguous/i.test(text)) {
    return new LinecardError('LC_INVALID', text, { hint: 'write more of the ID, or the name' });
  }
  if (status === 404) {
    const list = call.includes(' /containers/') ? 'ps -a' : call.includes(' /images/') ? 'images' : 'network ls';
    return new LinecardError('LC_NOT_FOUND', text, { hint: `see docker ${list}` });
  }
  if (status === 409) return new LinecardError('LC_CONFLICT', `Docker refused ${call}: ${text}`);
  return new LinecardError('LC_DOCKER', `Docker refused ${call}: ${text} (HTTP ${status})`);
}

/** The Engine's `message`, or the start of what came instead. */
function messageOf(body: Buffer): string {
  const text = body.subarray(0, 2000).toString('utf8').trim();
  try {
    const { message } = JSON.parse(text) as { message?: unknown };
    if (typeof message === 'string') return message;
  } catch {
    // Not JSON: a proxy's page, or cut above. The text says more than the parser's complaint.
  }
  return text === '' ? 'no reason given' : text;
}
