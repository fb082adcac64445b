export * from './address.js';
export * from './bytes.js';
export * from './errors.js';
export * from './reconnect.js';
