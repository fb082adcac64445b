/** What is done to a node that goes. */
export type RemovalState = 'removing' | 'removed';

/** What a node is doing. */
export type NodeState =
  | RemovalState
  | 'waiting'
  | 'creating'
  | 'starting'
  | 'wiring'
  | 'configuring'
  | 'running'
  | 'kept'
  | 'failed';

/** The output of a command that the file's `exec` asked for. */
export interface ExecReport {
  readonly node: string;
  readonly command: string;
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** How a lab is deployed. */
export interface DeployOptions {
  /** How many containers are made and started at once; 8. */
  readonly maxWorkers?: number;
  /** Removes what is there of the lab first. */
  readonly reconfigure?: boolean;
  /** Only these nodes are removed first: the lab was read with the same filter. */
  readonly nodeFilter?: readonly string[];
  /** After a failure, leaves what was made. */
  readonly keep?: boolean;
  readonly progress?: (node: string, state: NodeState) => void;
}
