import { isIP } from 'node:net';
import { LinecardError } from '@linecard/wire';

/** A port of a container that the host publishes. */
export interface PortBinding {
  /** Empty: every address of the host. */
  readonly address: string;
  /** Undefined: one that Docker chooses. */
  readonly hostPort: number | undefined;
  readonly port: number;
  readonly protocol: string;
}

const form = /^(?:(?:(\[[^\]]+\]|[^:]+):)?(\d+(?:-\d+)?)?:)?(\d+(?:-\d+)?)(?:\/(tcp|udp|sctp))?$/;

function range(text: string): readonly [first: number, count: number] {
  const [first, last = first] = text.split('-').map(Number) as [number, number?];
  return [first, last - first + 1];
}

/** `[ADDRESS:][HOST:]CONTAINER[/udp]`, as `docker run -p` takes it, ranges too. Throws `LC_INVALID`. */
export function parsePorts(text: string): PortBinding[] {
  const [, address = '', host, container = '', protocol = 'tcp'] = form.exec(text) ?? [];
  const plain = address.replace(/^\[|\]$/g, '');
  const [first, count] = range(container);
  const [hostFirst, hostCount] = range(host ?? '0');
  const fits = (port: number, length: number) => port >= 0 && length >= 1 && port + length - 1 <= 65_535;
  const isWrong =
    container === '' ||
    first === 0 ||
    !fits(first, count) ||
    !fits(hostFirst, hostCount) ||
    (plain !== '' && isIP(plain) === 0);
  if (isWrong || (host !== undefined && hostCount !== count)) {
    throw new LinecardError('LC_INVALID', `"${text}" is not a port to publish`, {
      hint: 'write HOST:CONTAINER, as in "8080:80" or "127.0.0.1:5353:53/udp"',
    });
  }
  return Array.from({ length: count }, (_, index) => ({
    address: plain,
    hostPort: host === undefined ? undefined : hostFirst + index,
    port: first + index,
    protocol,
  }));
}
