import type { LabStatus, RouterStatus } from "./persistent.ts";
import { VIRTUAL_ADDRESSES } from "./topology.ts";

/** A persistent lab for people: a router per paragraph, and how to look closer. */
export const formatStatus = ({ name, since, keeper, routers }: LabStatus): string =>
  `${[
    `lab ${name}, up since ${since}, kept by process ${keeper}`,
    ...routers.map(describeRouter),
  ].join("\n")}\n`;

function describeRouter({ router, daemon, pid, holds, socket, log }: RouterStatus): string {
  const running = pid === null ? "is not running" : `runs as process ${pid}`;
  const addresses = holds.map((side) => VIRTUAL_ADDRESSES[side]).join(" and ");
  const held = addresses === "" ? "no virtual address" : addresses;
  const look = daemon === "duet" ? `\n         duet status --socket ${socket}` : "";
  return `  ${router.padEnd(5)}  ${daemon} ${running}, holds ${held}\n         log ${log}${look}`;
}
