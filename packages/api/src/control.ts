import type {
  AttachmentInfo,
  AttachOrder,
  AttachReply,
  ContainerInterfaceInfo,
  ControllerInfo,
  DetachOrder,
  Finding,
  NetworkInfo,
  PortInfo,
  Status,
} from './messages.js';

/** Where the daemon listens for the command. */
export const controlSocket = '/run/linecard/linecard.sock';

/** The beginning of every path: what is incompatible gets another one. */
export const apiPrefix = '/v1';

/**
 * What can be asked of a host: of the daemon over its socket, or of the host itself where no daemon runs. All reject
 * with a `LinecardError`.
 */
export interface ControlApi {
  status(): Promise<Status>;
  networks(): Promise<NetworkInfo[]>;
  /** All ports, or those of a network by name, ID, beginning of an ID, or bridge. */
  ports(network?: string): Promise<PortInfo[]>;
  /** The table of ports now and after each change, until `signal`. */
  watchPorts(network: string | undefined, signal: AbortSignal): AsyncIterable<PortInfo[]>;
  /** The Ethernet interfaces of a running container. */
  interfaces(container: string): Promise<ContainerInterfaceInfo[]>;
  /** The OpenFlow controllers of all bridges that concern Linecard. */
  controllers(): Promise<ControllerInfo[]>;
  attach(order: AttachOrder): Promise<AttachReply>;
  detach(order: DetachOrder): Promise<AttachmentInfo[]>;
  doctor(): Promise<Finding[]>;
}
