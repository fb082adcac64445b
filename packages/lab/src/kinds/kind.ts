import type { DockerControl, ExecResult } from '@linecard/docker';
import type { NetnsRef } from '@linecard/linux';
import { LinecardError } from '@linecard/wire';
import type { Bind, KindName, LabNode } from '../model/types.js';

/** A file that is written into the folder of a node before its container is made. */
export interface GeneratedFile {
  /** Below the node's folder. */
  readonly path: string;
  readonly text: string;
}

/** What a kind adds to the container of its nodes. */
export interface KindParts {
  readonly binds: readonly Bind[];
  readonly sysctls: Readonly<Record<string, string>>;
}

/** What is particular about the nodes of a kind that are containers. */
export interface ContainerKind {
  readonly name: KindName;
  /** Whether others make and remove the container. */
  readonly isExternal?: true;
  /** What the container gets besides what the file says. */
  parts(node: LabNode): KindParts;
  /** The files that the container finds; `config` is the text of its startup-config. */
  files(node: LabNode, config: string | undefined): readonly GeneratedFile[];
  /** The namespace that links lead to, once it is there. */
  netns(node: LabNode, pid: number): Promise<NetnsRef>;
  /** Feeds the startup-config into the running system, after its links are there; absent where its files are enough. */
  configure?(node: LabNode, config: string | undefined, inside: Inside): Promise<void>;
  /** The program that prints the running configuration; undefined when the kind has none. */
  readonly running: ((node: LabNode) => readonly string[]) | undefined;
}

/** Runs programs in the container of one node. */
export type Inside = (argv: readonly string[], timeoutMs?: number) => Promise<ExecResult>;

export function insideOf(control: DockerControl, container: string): Inside {
  return (argv, timeoutMs = 60_000) => control.exec(container, argv, { timeoutMs });
}

/** Runs a program that must succeed. Throws `LC_COMMAND` with what it said. */
export async function mustRun(inside: Inside, argv: readonly string[], timeoutMs?: number): Promise<string> {
  const { exitCode, stdout, stderr } = await inside(argv, timeoutMs);
  if (exitCode === 0) return stdout;
  const said = (stderr.trim() || stdout.trim()).slice(-2000);
  throw new LinecardError('LC_COMMAND', `${shortened(argv)}: exit status ${exitCode}${said === '' ? '' : `: ${said}`}`);
}

/** A command line that a person can read: a whole configuration may stand in it. */
function shortened(argv: readonly string[]): string {
  const text = argv.join(' ');
  return text.length <= 80 ? text : `${text.slice(0, 77)}...`;
}
