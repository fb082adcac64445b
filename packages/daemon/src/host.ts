export { readConfig } from './config.js';
export { HostApi, type HostContext } from './host-api.js';
