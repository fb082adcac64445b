export type {
  ContainerDetail,
  ContainerNetwork,
  ContainerSummary,
  DockerInfo,
  DockerNetwork,
  DockerService,
  DockerVersion,
  NetworkEndpoint,
} from './engine/answers.js';
export { type ContainerConfig, DockerControl, type ExecResult } from './engine/control.js';
export { DockerEngine } from './engine/engine.js';
export type { DockerEvent, EventFilter } from './engine/events.js';
export type { EngineAddress } from './engine/request.js';
export { DockerWatch, type DockerWatchEvents } from './engine/watch.js';
export type { IpamDriver, NetworkDriver, SwarmDriver } from './plugin/drivers.js';
export { type PluginCall, type PluginOptions, type PluginOutcome, pluginHandler } from './plugin/handler.js';
export type * from './plugin/ipam-messages.js';
export { listenPlugin, type PluginAddress, type PluginListener } from './plugin/listen.js';
export type * from './plugin/network-messages.js';
export type {
  EndpointOptions,
  ExposedPort,
  NetworkOptions,
  PortBinding,
  PortProtocol,
} from './plugin/options.js';
export { type SystemdSocket, systemdSockets } from './plugin/systemd.js';
