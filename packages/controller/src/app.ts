import type * as openflow from '@linecard/openflow';
import type * as packet from '@linecard/packet';
import type { FlowRemovedEvent, PacketIn, PortEvent } from './events.js';
import type { SwitchSession } from './switch-session.js';

/** What an app does when something happens. A handler that throws or rejects is reported; the switch stays. */
export interface AppHandlers {
  /** A switch is there and its ports are known; also after it came back. */
  switchUp?(sw: SwitchSession): void | Promise<void>;
  /** The switch is gone: nothing can be sent to it any more. */
  switchDown?(sw: SwitchSession): void | Promise<void>;
  packetIn?(sw: SwitchSession, packet: PacketIn): void | Promise<void>;
  /** A port came, went or changed; the session's ports are up to date already. */
  portStatus?(sw: SwitchSession, event: PortEvent): void | Promise<void>;
  flowRemoved?(sw: SwitchSession, event: FlowRemovedEvent): void | Promise<void>;
}

/** A program that rules switches. */
export interface App {
  /** Its name in logs. */
  readonly name: string;
  /** The OpenFlow versions that it can work with, as on the wire (1 is 1.0, 4 is 1.3); absent: all. */
  readonly versions?: readonly number[];
  /**
   * Its own cookie: only packets and flow-removed messages of flows with this cookie come here, where the version
   * carries cookies. Absent: all come.
   */
  readonly cookie?: bigint;
  /** Its own table: only packets and flow-removed messages of this table come here. Absent: all come. */
  readonly table?: number;
  readonly on: AppHandlers;
  /** Called when the app is taken out of the controller: ends its timers. */
  close?(): void;
}

/** What an app in a file is handed, so that it needs no imports: its options and the rooms beneath. */
export interface AppKit {
  /** Options of the command line or of the network, as text. */
  readonly options: Readonly<Record<string, string>>;
  readonly openflow: typeof openflow;
  readonly packet: typeof packet;
  /** Writes a line to the controller's log. */
  log(message: string): void;
}
