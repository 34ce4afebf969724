/** Findings about the election and the virtual addresses, from one router's configuration or from both. */
export const ELECTION_ENTRIES = {
  "virtual-outside-subnet": {
    severity: "error",
    summary: "A virtual address is in none of the networks that its interface has.",
    cause:
      "The router's own addresses on the interface and the virtual address were changed apart from each other, or one of them was copied from an example.",
    consequence:
      "Hosts on that network have no route to the virtual address, so nobody can use it as a gateway.",
    fix: "Choose a free address of the interface's own network as virtual address, or change the own addresses of both routers.",
  },
  "virtual-is-own": {
    severity: "error",
    summary: "A virtual address is the own address of a router.",
    cause: "The address that the router has always had was made the virtual one.",
    consequence:
      "Both routers answer for the address as soon as the other one is active, and neither can be reached apart from the other.",
    fix: "Give the router another own address in the network configuration, or the pair another virtual address.",
  },
  "own-address-shared": {
    severity: "error",
    summary: "Both routers have the same own address.",
    cause: "The network configuration was copied to the other router unchanged.",
    consequence: "Hosts reach now one router and now the other one, and neither hears the other.",
    fix: "Give one of the routers another address of that network.",
  },
  "virtual-lists-differ": {
    severity: "error",
    summary: "The two routers do not have the same virtual addresses for one virtual router.",
    cause: "An address was added, removed or mistyped in one router's file only.",
    consequence:
      "An address that only one router knows is gone after a failover, and a router that compares the list refuses the other's advertisements, so both become active.",
    fix: "Write the same virtual_ipaddress list into both files.",
  },
  "virtual-length-differs": {
    severity: "warning",
    summary: "The routers give a virtual address different prefix lengths.",
    cause: "The length was left out (it is 32 or 128 then), or changed, in one file only.",
    consequence: "The routes that come with the address are not the same on both routers.",
    fix: "Write the address with the same length in both files.",
  },
  "instance-unmatched": {
    severity: "error",
    summary: "Only one of the routers has this virtual router.",
    cause: "The block was written into one file only, or its VRID, family and name all differ.",
    consequence: "Its addresses have no backup: when this router fails they are gone.",
    fix: "Copy the vrrp_instance block to the other router's file, with the same virtual_router_id.",
  },
  "vrid-differs": {
    severity: "error",
    summary: "One virtual router has different identifiers on the two routers.",
    cause: "virtual_router_id was changed in one file only.",
    consequence:
      "Neither router hears the other one, so both are active and both answer for the virtual addresses.",
    fix: "Write the same virtual_router_id into both files.",
  },
  "vrid-segment": {
    severity: "error",
    summary: "Two instances with one VRID are on two interfaces that lead into the same network.",
    cause: "Both interfaces have addresses of one network, so they are plugged into one segment.",
    consequence:
      "Each instance hears the other's advertisements as its own: one of them never becomes active, or both quarrel.",
    fix: "Give one of the instances another virtual_router_id, on both routers.",
  },
  "version-differs": {
    severity: "error",
    summary: "The routers speak different versions of VRRP.",
    cause: "vrrp_version or version was set in one file only.",
    consequence: "Each refuses the other's advertisements, so both are active.",
    fix: "Write the same version into both files.",
  },
  "interval-differs": {
    severity: "error",
    summary: "The routers advertise at different intervals.",
    cause: "advert_int was changed in one file only.",
    consequence:
      "With VRRPv2 each refuses the other's advertisements and both are active; with VRRPv3, where it is a warning, the time until a failover depends on who was active.",
    fix: "Write the same advert_int into both files.",
  },
  "authentication-differs": {
    severity: "error",
    summary: "The routers authenticate in different ways or with different passwords.",
    cause: "The authentication block was changed in one file only.",
    consequence: "Each refuses the other's advertisements, so both are active.",
    fix: "Copy the authentication block from one file to the other.",
  },
  "transport-differs": {
    severity: "error",
    summary:
      "One router advertises by multicast and the other one by unicast, or to another group.",
    cause: "unicast_peer or the multicast group was changed in one file only.",
    consequence: "A router does not hear what is sent elsewhere, so both are active.",
    fix: "Use unicast_peer in both files, each with the other router's address, or in neither.",
  },
  "unicast-peer-unknown": {
    severity: "error",
    summary: "A unicast peer is no address of the other router.",
    cause: "The other router's address was mistyped or changed, or the file was copied unchanged.",
    consequence: "Advertisements reach nobody, so both routers are active.",
    fix: "Write the other router's own address on that network into unicast_peer.",
  },
  "preempt-differs": {
    severity: "warning",
    summary: "One router takes the role back and the other one does not.",
    cause: "nopreempt stands in one file only.",
    consequence: "Which router is active after a repair depends on which one failed.",
    fix: "Write nopreempt into both files or into neither.",
  },
  "priority-tie": {
    severity: "warning",
    summary: "Both routers have the same priority, without nopreempt.",
    cause: "The file was copied to the other router unchanged.",
    consequence:
      "Which router is active when both start is decided by their addresses, and nobody is preferred after a repair.",
    fix: "Give the preferred router a higher priority (150 and 100), or write nopreempt on both to say that it does not matter.",
  },
  "priority-owners": {
    severity: "error",
    summary: "Both routers say that they own the addresses (priority 255).",
    cause: 'Priority 255 was taken for "highest".',
    consequence: "Neither ever yields, so both are active.",
    fix: "Write priority 150 on the preferred router and 100 on the other one.",
  },
  "groups-differ": {
    severity: "warning",
    summary: "The synchronisation groups of the two routers have different members.",
    cause: "vrrp_sync_group was changed in one file only.",
    consequence:
      "One router moves its addresses together and the other one singly, so they can end up on both routers.",
    fix: "Write the same vrrp_sync_group into both files.",
  },
  "group-absent": {
    severity: "warning",
    summary: "Instances on several interfaces are in no common synchronisation group.",
    cause: "There is no vrrp_sync_group, or it does not name all of them.",
    consequence:
      "When one side fails, its address moves alone: replies come back to a router that cannot deliver them.",
    fix: "Add vrrp_sync_group NAME { group { … } } with all these instances, on both routers.",
  },
  "routes-differ": {
    severity: "warning",
    summary: "The routers bring different routes into force when they become active.",
    cause: "virtual_routes was changed in one file only.",
    consequence: "Traffic takes another way, or none, after a failover.",
    fix: "Write the same virtual_routes into both files.",
  },
  "tracking-differs": {
    severity: "warning",
    summary: "One router follows more interfaces, scripts, files or processes than the other one.",
    cause: "A tracker was added to one file only.",
    consequence:
      "One router yields when the tracked thing fails, and the other one takes the role and keeps it although the same is broken there.",
    fix: "Follow the same on both routers, or leave it out on both.",
  },
  "route-source": {
    severity: "error",
    summary: "A virtual route has a source address that is no virtual address of this router.",
    cause: "The virtual address was changed and the src of the route was not.",
    consequence:
      "The kernel refuses the route when the address is missing, and replies to the old address arrive at nobody.",
    fix: "Write the virtual address of that network after src.",
  },
  "weight-no-effect": {
    severity: "warning",
    summary: "A weighted tracker fails and the role stays where it is.",
    cause:
      "The weight is smaller than the difference between the two priorities, or nopreempt keeps the other router from taking over.",
    consequence: "The failure that is watched for is noticed, and nothing follows from it.",
    fix: "Make the weight larger than the difference of the priorities, or leave it out: the failure is a fault then.",
  },
} as const;
