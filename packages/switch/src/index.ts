export { SwitchEdit } from './edit.js';
export { OpenvSwitch, type SwitchOptions } from './openvswitch.js';
export { runDirectoryOf } from './run-directory.js';
export type { BridgeSpec, PortSpec, QosSpec } from './specs.js';
export {
  type BridgeRow,
  type InterfaceRow,
  type PortRow,
  type QosRow,
  type RootRow,
  type SwitchChange,
  SwitchView,
} from './view.js';
