/** Everything that is said about the files of one router, or of both, beyond what their readers say. */
import { atOrigins } from "./files/uci-keepalived.ts";
import type { Finding } from "./finding.ts";
import { compareElections } from "./pair/election.ts";
import { compareReplication } from "./pair/replication.ts";
import { compareServices } from "./pair/services.ts";
import type { RouterPicture } from "./picture.ts";
import { checkAddresses } from "./router/addresses.ts";
import { checkDhcp } from "./router/dhcp.ts";
import { checkFirewall } from "./router/firewall.ts";
import { checkReplication } from "./router/replication.ts";
import { checkSystem } from "./router/system.ts";

/** One router, or two that are a pair. In no particular order. */
export const checkSite = (routers: readonly RouterPicture[]): readonly Finding[] =>
  atOrigins(findInSite(routers), routers);

function findInSite(routers: readonly RouterPicture[]): readonly Finding[] {
  const [first, second] = routers;
  const single = routers.flatMap((picture) => [
    ...checkAddresses(picture),
    ...checkReplication(picture),
    ...checkDhcp(picture, routers),
    ...checkFirewall(picture),
    ...checkSystem(picture),
  ]);
  if (first === undefined || second === undefined) return single;
  return [
    ...single,
    ...compareElections(first, second),
    ...compareReplication(first, second),
    ...compareServices(first, second),
  ];
}
