/** Every finding about the syntax of OpenWrt's files under /etc/config, and about what its keepalived package leaves out. */
export type UciFindingCode =
  /** A line has more words than it may have. */
  | "uci-argument-extra"
  /** A line lacks the name or the type it needs. */
  | "uci-argument-missing"
  /** A line begins with none of config, option, list and package. */
  | "uci-keyword"
  /** The file is larger than any configuration, or has more errors than anybody reads. */
  | "uci-limit"
  /** The name of a section or an option has characters that names cannot have. */
  | "uci-name"
  /** The file is not a text. */
  | "uci-not-text"
  /** keepalived: an option that the package does not know. */
  | "uci-option-unread"
  /** A quotation mark is opened and not closed. */
  | "uci-quote"
  /** keepalived: a name that no section has. */
  | "uci-reference-missing"
  /** keepalived: a name that only newer releases look up. */
  | "uci-reference-newer"
  /** An option stands before the first section. */
  | "uci-section-missing"
  /** A section has the name of another one that is earlier, or that is to be written. */
  | "uci-section-type"
  /** keepalived: a section that has no effect. */
  | "uci-section-unread";
