export type { AttachRequest, AttachResult } from './attach.js';
export { containerOfport, onBridgePortsChanged, portNames } from './bridge-ports.js';
export { appOfTarget, appSocket, type EmbeddedApps } from './embedded.js';
export type { ContainerInterface } from './find-ports.js';
export { createHost, driverNames, type Host, type HostOptions } from './host.js';
export { hostInterface, peerInterface } from './names.js';
export { networkOptionTable, parseNetworkOptions } from './network-options.js';
export { describeSubnets, type NetworkPlan, overheadOf, planNetwork } from './network-plan.js';
export { collectNow } from './overlay/collector.js';
export { listRemotePorts, type RemotePort } from './overlay/list-ports.js';
export { createOverlay, type Overlay, type OverlayOptions, overlayDriverName } from './overlay/overlay.js';
export {
  type CentralMember,
  centralArgs,
  type JoinReply,
  type JoinRequest,
  joinHost,
  startCentral,
} from './overlay/setup.js';
export { withCentral } from './overlay/with-central.js';
export type { Attachment, ContainerRef, Lease, Port, PortMapping } from './records.js';
export type { Network, State } from './state.js';
