/** Every finding about duet.yaml: a stable code, and one sentence that explains it. */
export const PAIR_FINDINGS = {
  "address-duplicate": "An address is given twice, to both routers, or to a router and as virtual.",
  "address-invalid":
    "Something that must be an address or a prefix is not one, or not one of a host.",
  "address-missing": "A router has no address of its own where the network needs one.",
  "address-several":
    "A router has several addresses of one family on a network with virtual addresses.",
  "address-subnet": "A virtual address is not in its interface's subnet.",
  "alias-limit": "There are more aliases than anybody writes.",
  "authentication-version":
    "PASS belongs to version 2 of VRRP, and HMAC to version 3; they do not go together with the other one.",
  "check-kind": "A check does not say what it runs or watches, or says several things.",
  "clear-text-password":
    "The PASS password travels in clear text and protects against mistakes only, not against attackers.",
  "dhcp-pool": "The addresses that DHCP gives out do not fit the network.",
  "entry-count": "A list or map has too few or too many entries; there are exactly two routers.",
  "file-cut": "The file does not end with a line break, so the end of it may be missing.",
  "file-empty": "The file is empty.",
  "file-not-text": "The file is not a text.",
  "file-too-large": "The file is longer than any pair needs.",
  "file-unreadable": "The file cannot be read.",
  "gateway-subnet": "A gateway is not in a subnet of its network, or is an address of the pair.",
  "interface-name": "An interface name is not possible on Linux.",
  "key-duplicate": "A key stands twice in one place.",
  "key-missing": "A key is missing that has no default.",
  "key-unknown": "A key is not known here.",
  "link-limit": "Connections are replicated over more links than there may be.",
  "link-subnet": "The routers' addresses on a network are not in one subnet.",
  "name-conflict": "Two VRRP instances get the same name.",
  "name-invalid": "A name has characters that names cannot have.",
  "name-unknown": "A network or a router is named that does not exist.",
  "nesting-limit": "The file is nested more deeply than anything it may contain.",
  "no-effect": "A setting does nothing, because of another one or the lack of it.",
  "number-invalid": "Something that must be a number is not one.",
  "number-range": "A number or a time is out of its range.",
  "priority-owner": "A router that owns the virtual addresses has priority 255, and only that one.",
  "secret-missing": "Something is made from the secret file, and none is named.",
  "subnet-shared": "Two networks with different interfaces have the same subnet.",
  syntax: "The file is not correct YAML.",
  "tab-indent": "A line is indented with a tab.",
  "type-invalid": "A value is a map, a list or a text where another one of these is needed.",
  "unit-missing": "A time or a size has no unit, or one that is not known.",
  "value-invalid": "A value is none of those allowed.",
  "value-missing": "A key has no value.",
  "vrid-duplicate": "Two networks on one interface have the same virtual router identifier.",
} as const;

export type PairFindingCode = keyof typeof PAIR_FINDINGS;
