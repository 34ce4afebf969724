import { Option } from "commander";

export const SOCKET_DEFAULT = "/run/duet/duet.sock";

/** Options of every verb that speaks to the daemon. */
export interface SocketOptions {
  readonly socket: string;
}

export const socketOption = (): Option =>
  new Option("--socket <path>", "control socket of the daemon")
    .default(SOCKET_DEFAULT)
    .env("DUET_SOCKET");
