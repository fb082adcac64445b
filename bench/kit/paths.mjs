/** Where in a bed the daemon's meter is asked, see meter.mjs. */
export const meterSocket = '/run/meter.sock';
