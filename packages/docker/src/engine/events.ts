import { LinecardError } from '@linecard/wire';
import { z } from 'zod';
import { readAnswer } from './answers.js';

/** Something that happened to a container or a network. */
export interface DockerEvent {
  readonly type: string;
  /** `create`, `start`, `die`, `destroy`, `rename`, `connect`, `disconnect`, ... */
  readonly action: string;
  /** The ID of the container or network. */
  readonly id: string;
  /** Of a container: its `name` and labels. Of a network: `name`, `type` (driver) and, if it concerns one, `container`. */
  readonly attributes: Readonly<Record<string, string>>;
  /** Milliseconds since 1970, on the Engine's clock. */
  readonly timeMs: number;
}

/** Which events are wanted; see `docker events --filter`. */
export interface EventFilter {
  readonly types: readonly string[];
  readonly actions: readonly string[];
}

const eventLine = z
  .object({
    Type: z.string(),
    Action: z.string(),
    Actor: z.object({
      ID: z.string(),
      Attributes: z.record(z.string(), z.string()).nullish(),
    }),
    timeNano: z.number().nullish(),
    time: z.number().nullish(),
  })
  .transform(
    (wire): DockerEvent => ({
      type: wire.Type,
      action: wire.Action,
      id: wire.Actor.ID,
      attributes: wire.Actor.Attributes ?? {},
      timeMs: wire.timeNano ? wire.timeNano / 1e6 : (wire.time ?? 0) * 1000,
    }),
  );

/** The longest event that is read, in characters. */
const longestLine = 1 << 20;

/** The path of an event stream that begins `sinceMs` (milliseconds since 1970). */
export function eventsPath(filter: EventFilter, sinceMs: number): string {
  const filters = JSON.stringify({ type: filter.types, event: filter.actions });
  return `/events?since=${(sinceMs / 1000).toFixed(3)}&filters=${encodeURIComponent(filters)}`;
}

/** Turns the pieces of an event stream (a JSON object per line) into events. */
export class EventLines {
  #rest: string[] = [];
  #length = 0;

  /** The events that `piece` completes. Throws `LC_PROTOCOL` when a line is not an event or has no end. */
  push(piece: string): DockerEvent[] {
    const lines = piece.split('\n');
    const last = lines.pop() ?? '';
    if (lines.length > 0) {
      lines[0] = this.#rest.join('') + lines[0];
      this.#rest = [];
      this.#length = 0;
    }
    this.#rest.push(last);
    this.#length += last.length;
    if (this.#length > longestLine) {
      throw new LinecardError('LC_PROTOCOL', `an event of Docker is longer than ${longestLine} characters`);
    }
    return lines.filter((line) => line.trim() !== '').map(parseEvent);
  }
}

function parseEvent(line: string): DockerEvent {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (error) {
    throw new LinecardError('LC_PROTOCOL', `an event of Docker is not JSON: ${line.slice(0, 80)}`, { cause: error });
  }
  return readAnswer('GET /events', eventLine, value);
}
