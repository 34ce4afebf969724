/** What is known of a flow in this router's kernel only, and is not replicated. */

interface FlowCount {
  readonly packets: number;
  readonly bytes: number;
}

export interface FlowUsage {
  /** Undefined without accounting (net.netfilter.nf_conntrack_acct). */
  readonly original: FlowCount | undefined;
  readonly reply: FlowCount | undefined;
  /** How many parts of the kernel hold it. */
  readonly references: number | undefined;
}
