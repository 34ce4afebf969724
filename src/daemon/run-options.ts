import type { Level } from "../log/catalogue.ts";

/** What `duet run` was told. */
export interface RunOptions {
  /** Path of the pair's file, duet.yaml; null where the next two say what there is. */
  readonly config: string | null;
  /** Path of keepalived.conf; null runs without an election. */
  readonly keepalived: string | null;
  /** Path of conntrackd.conf; null replicates nothing. */
  readonly conntrackd: string | null;
  /** keepalived's -i: the id that @ID conditions of the file are compared with. */
  readonly configId: string | null;
  /** Path of the control socket. */
  readonly socket: string;
  readonly stateDir: string;
  readonly logLevel: Level;
  readonly logFormat: "text" | "json";
  /** Name of this router; null lets the pair's file tell by addresses, or stands for router_id or the host name. */
  readonly node: string | null;
  readonly version: string;
}
