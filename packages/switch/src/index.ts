export { controllerForms, parseController } from './controllers.js';
export { SwitchEdit } from './edit.js';
export { appErrorKey, appOf, appSocket, controllerOf, controllerTarget, embeddedApps, splitApp } from './embedded.js';
export { OpenvSwitch, type SwitchOptions } from './openvswitch.js';
export { runDirectoryOf } from './run-directory.js';
export type { BridgeSpec, PortSpec, QosSpec } from './specs.js';
export {
  type BridgeRow,
  type ControllerRow,
  type InterfaceRow,
  type PortRow,
  type QosRow,
  type RootRow,
  type SwitchChange,
  SwitchView,
} from './view.js';
