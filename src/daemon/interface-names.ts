/** The interfaces that a model has anything to do with. */
import type { Model } from "../config/model.ts";

const INTERFACE_TRACKER = "interface:";

export function interfacesOf({ vrrp, statics }: Model): ReadonlySet<string> {
  const names = new Set<string>();
  for (const instance of vrrp.instances) {
    names.add(instance.interface);
    if (instance.virtualMac !== undefined) names.add(instance.virtualMac.interface);
    for (const { spec } of [...instance.addresses, ...instance.excluded]) names.add(spec.interface);
  }
  for (const { spec } of [...vrrp.instances, statics].flatMap(({ routes }) => routes))
    if (spec.interface !== undefined) names.add(spec.interface);
  for (const { tracker } of [...vrrp.instances, ...vrrp.groups].flatMap(({ tracking }) => tracking))
    if (tracker.startsWith(INTERFACE_TRACKER)) names.add(tracker.slice(INTERFACE_TRACKER.length));
  for (const { spec } of statics.addresses) names.add(spec.interface);
  return names;
}
