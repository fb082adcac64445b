export { type DaemonConfig, defaults, readConfig, type Serving, type Settings } from './config.js';
export { createLogger, type LogFormat, type LogLevel, logLevels } from './log.js';
export { runDaemon } from './run.js';
export { type Daemon, startDaemon } from './start.js';
