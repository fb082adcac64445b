export { apiPrefix, type ControlApi, controlSocket } from './control.js';
export { type ErrorAnswer, errorAnswer, fromAnswer, toAnswer } from './errors.js';
export * from './messages.js';
export { readVersion } from './version.js';
