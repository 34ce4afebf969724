/**
 * The macvlan interfaces that carry virtual MACs (use_vmac in keepalived.conf(5)), and the kernel parameters that keep
 * them and their underlying interfaces from answering for each other.
 */
import { isLinkLocal } from "../base/ip.ts";
import { writeSysctl } from "../kernel/sysctl.ts";
import type { InstanceConfig } from "../vrrp/config.ts";
import { type AddressSpec, DUET_PROTOCOL } from "../wire/objects.ts";
import type { Change } from "../wire/rtnetlink/change.ts";
import type { LinkEntry } from "../wire/rtnetlink/entries.ts";
import { troubleOf } from "./announcer.ts";
import type { KernelWriter } from "./installer.ts";
import type { InterfaceTable } from "./interface-table.ts";
import type { Trouble } from "./thread-messages.ts";
import {
  type Parameter,
  parametersFor,
  readParameter,
  restoreParameters,
} from "./vmac-parameters.ts";

const RT_SCOPE_LINK = 253;
const IFA_F_NODAD = 0x02;
/** MACVLAN_MODE_BRIDGE of linux/if_link.h. */
const MACVLAN_BRIDGE = 4;

export class VirtualMacs {
  readonly #kernel: KernelWriter;
  readonly #interfaces: InterfaceTable;
  readonly #complain: (trouble: Trouble) => void;
  readonly #made = new Set<string>();
  readonly #changed = new Map<string, Parameter>();

  constructor(
    kernel: KernelWriter,
    interfaces: InterfaceTable,
    complain: (trouble: Trouble) => void,
  ) {
    this.#kernel = kernel;
    this.#interfaces = interfaces;
    this.#complain = complain;
  }

  /** Makes the missing interfaces and removes those nobody wants any more; true when the kernel's links changed. */
  configure(instances: readonly InstanceConfig[]): boolean {
    const wanted = new Map(
      instances.flatMap((config) =>
        config.virtualMac === undefined ? [] : [[config.virtualMac.interface, config] as const],
      ),
    );
    const stale = [...this.#made].filter((name) => !wanted.has(name));
    for (const name of stale) this.#delete(name);
    for (const parameter of parametersFor(instances)) {
      const { path, ours } = parameter;
      if (!this.#changed.has(path)) this.#changed.set(path, parameter);
      this.#write(path, ours);
    }
    let changed = stale.length > 0;
    for (const config of wanted.values()) changed = this.#make(config) || changed;
    return changed;
  }

  /** Removes every interface made and puts back the parameters that were changed. */
  removeAll(): void {
    for (const name of this.#made) this.#delete(name);
    restoreParameters([...this.#changed.values()], (path, error) =>
      this.#complain(troubleOf("write", `sysctl ${path}`, error)),
    );
    this.#changed.clear();
  }

  #make({ virtualMac, interface: parent, family }: InstanceConfig): boolean {
    if (virtualMac === undefined || this.#interfaces.link(parent) === undefined) return false;
    const { interface: name, mac } = virtualMac;
    const known = this.#interfaces.link(name);
    if (known?.kind === "macvlan" && known.mac === mac) {
      if (known.macvlanMode === MACVLAN_BRIDGE) return this.#adopt(known, parent, family);
      // In another mode, such as keepalived's, it keeps from us what the other router says with this MAC.
      this.#delete(name);
    }
    const changes: Change[] = [{ type: "link", verb: "add-macvlan", interface: name, parent, mac }];
    if (!this.#apply(changes, name)) return false;
    this.#made.add(name);
    this.#prepare(name, parent, family);
    // The kernel refuses to switch it on above an interface that is off; its turn comes with that of the interface.
    if (this.#isUp(parent)) this.#switchOn(name);
    return true;
  }

  /** Takes one that is there for its own; true when that switched it on. */
  #adopt({ name, up }: LinkEntry, parent: string, family: 4 | 6): boolean {
    if (!this.#made.has(name)) this.#prepare(name, parent, family);
    this.#made.add(name);
    return !up && this.#isUp(parent) && this.#switchOn(name);
  }

  #isUp(name: string): boolean {
    return this.#interfaces.link(name)?.up === true;
  }

  #switchOn(name: string): boolean {
    return this.#apply([{ type: "link", verb: "up", interface: name }], name);
  }

  #prepare(name: string, parent: string, family: 4 | 6): void {
    if (family === 6) {
      this.#borrowLinkLocal(name, parent);
      return;
    }
    this.#write(`net/ipv6/conf/${name}/disable_ipv6`, "1");
    this.#write(`net/ipv4/conf/${name}/arp_ignore`, "1");
    this.#write(`net/ipv4/conf/${name}/accept_local`, "1");
    this.#write(`net/ipv4/conf/${name}/rp_filter`, "0");
    this.#write(`net/ipv4/conf/${name}/promote_secondaries`, "1");
  }

  /** Advertisements leave through the macvlan but come from the link-local address of the interface below it. */
  #borrowLinkLocal(name: string, parent: string): void {
    this.#write(`net/ipv6/conf/${name}/addr_gen_mode`, "1");
    const address = this.#interfaces.facts(parent).addresses.find(isLinkLocal);
    if (address === undefined) return;
    const spec: AddressSpec = {
      interface: name,
      address,
      prefixLength: 64,
      scope: RT_SCOPE_LINK,
      flags: IFA_F_NODAD,
      protocol: DUET_PROTOCOL,
      validLifetime: "forever",
      preferredLifetime: "forever",
    };
    this.#apply([{ type: "address", verb: "replace", spec }], name);
  }

  #write(path: string, value: string): void {
    if (readParameter(path) === undefined) return;
    try {
      writeSysctl(path, value);
    } catch (error) {
      this.#complain(troubleOf("write", `sysctl ${path}`, error));
    }
  }

  #delete(name: string): void {
    this.#made.delete(name);
    this.#apply([{ type: "link", verb: "delete", interface: name }], name);
  }

  #apply(changes: readonly Change[], name: string): boolean {
    const failure = this.#kernel.apply(changes).find((result) => !result.ok);
    if (failure === undefined || failure.ok) return true;
    this.#complain({ call: "link", subject: name, code: failure.code, text: failure.message });
    return false;
  }
}
