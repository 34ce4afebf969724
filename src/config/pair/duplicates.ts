/** No address is there twice: not on both routers, not own and virtual, unless its owner has priority 255. */
import { isLinkLocal, type Prefix } from "../../base/ip.ts";
import type { Position } from "../diagnostics.ts";
import type { Findings } from "../findings.ts";
import { type Completion, itemsOf } from "./completion.ts";
import type { Placed } from "./reading.ts";

const OWNER = 255;

/** Who has an address. */
interface Holder {
  /** Undefined: it is virtual. */
  readonly router: string | undefined;
  readonly network: string;
  readonly interface: string;
}

interface Held {
  readonly placed: Placed<Prefix>;
  readonly holder: Holder;
}

export function checkDuplicates(
  completion: Completion,
  priorities: ReadonlyMap<string, number>,
): void {
  const first = new Map<string, Holder>();
  for (const { placed, holder } of [...ownAddresses(completion), ...virtualAddresses(completion)]) {
    const { address } = placed.value;
    const other = first.get(address);
    first.set(address, other ?? holder);
    if (other === undefined || isLinkLocal(address) || mayShare(other, holder, priorities))
      continue;
    report(completion.findings, { at: placed.at, address }, [other, holder]);
  }
}

function ownAddresses({ routers, networks }: Completion): readonly Held[] {
  const drafts = new Map(networks.map(({ name, value }) => [name, value?.interface?.value]));
  return routers.flatMap(({ name: router, value }) =>
    (value ?? []).flatMap((entry) => {
      const draft = drafts.get(entry.name);
      const own =
        typeof draft === "string" ? draft : draft?.find(({ name }) => name === router)?.value;
      const holder = { router, network: entry.name, interface: own ?? entry.name };
      return itemsOf(entry).map((placed) => ({ placed, holder }));
    }),
  );
}

const virtualAddresses = ({ networks }: Completion): readonly Held[] =>
  networks.flatMap(({ name: network, value }) =>
    [value?.address, value?.unadvertised].flatMap(itemsOf).map((placed) => ({
      placed,
      holder: { router: undefined, network, interface: "" },
    })),
  );

function mayShare(a: Holder, b: Holder, priorities: ReadonlyMap<string, number>): boolean {
  // Two networks on one interface have the same address of the router.
  if (a.router === b.router)
    return a.router !== undefined && a.interface === b.interface && a.network !== b.network;
  if (a.router !== undefined && b.router !== undefined) return false;
  return a.network === b.network && priorities.get(a.router ?? b.router ?? "") === OWNER;
}

function report(
  findings: Findings,
  { at, address }: { readonly at: Position; readonly address: string },
  [a, b]: readonly [Holder, Holder],
): void {
  const owner =
    (a.router === undefined) === (b.router === undefined) ? undefined : (a.router ?? b.router);
  const hint =
    owner === undefined ? "" : `, or set vrrp.priority of ${owner} to 255 if it owns the address`;
  const message = `${address} is ${nameOf(a)} and ${nameOf(b)}: write another address${hint}`;
  findings.error(at, "address-duplicate", message);
}

const nameOf = ({ router, network }: Holder): string =>
  router === undefined ? `virtual on ${network}` : `${router}'s on ${network}`;
