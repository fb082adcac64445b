// Exits with 0 when node_modules holds what package-lock.json asks for, and with 1 when `npm ci` is needed.
import { existsSync, readFileSync } from 'node:fs';

function packages(path) {
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')).packages : {};
}

const wanted = packages('package-lock.json');
const present = packages('node_modules/.package-lock.json');
const missing = Object.entries(wanted).filter(
  ([path, entry]) =>
    path.startsWith('node_modules/') && // workspaces themselves are not installed, but links to them are
    !entry.optional && // for another platform, perhaps
    (!existsSync(path) || present[path]?.version !== entry.version || present[path]?.integrity !== entry.integrity),
);
for (const [path] of missing.slice(0, 5)) console.log(`missing or different: ${path}`);
process.exitCode = missing.length === 0 ? 0 : 1;
