export { type ResolveOptions, readLab, resolveText } from './model/resolve.js';
export type { Cable, Check, Endpoint, KindName, Lab, LabLink, LabNode, Management, Stub } from './model/types.js';
