/** The rules of the kernel's packet filter as `nft -j list ruleset` prints them, by the chains that packets walk through. */

export type JsonObject = Readonly<Record<string, unknown>>;

export interface Rule {
  readonly place: RulePlace;
  /** Statements in their order. */
  readonly statements: readonly JsonObject[];
}

/** Where a rule stands, or the policy of a chain. */
export interface RulePlace {
  readonly family: string;
  readonly table: string;
  readonly chain: string;
  /** Undefined for the chain's policy. */
  readonly handle: number | undefined;
  /** As nft writes it; empty when not known. */
  readonly text: string;
}

export interface Chain {
  readonly family: string;
  readonly table: string;
  readonly name: string;
  /** Undefined for a chain that is only jumped to. */
  readonly base: BaseChain | undefined;
  readonly rules: readonly Rule[];
}

export interface BaseChain {
  readonly type: string;
  readonly hook: string;
  readonly priority: number;
  readonly drops: boolean;
  /** Interfaces of a chain at ingress or egress; empty when nft does not say. */
  readonly devices: readonly string[];
}

export interface Ruleset {
  readonly chains: readonly Chain[];
  /** Elements of named sets and maps, by `setKey`. */
  readonly sets: ReadonlyMap<string, readonly unknown[]>;
}

export const setKey = (family: string, table: string, name: string): string =>
  `${family} ${table} ${name}`;

/** Undefined when `value` is no object. */
export const asObject = (value: unknown): JsonObject | undefined =>
  typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as JsonObject)
    : undefined;

export const asList = (value: unknown): readonly unknown[] =>
  Array.isArray(value) ? (value as readonly unknown[]) : [];

const asText = (value: unknown): string => (typeof value === "string" ? value : "");
const asNumber = (value: unknown): number | undefined =>
  typeof value === "number" ? value : undefined;

interface Draft extends Chain {
  readonly rules: Rule[];
}

/** Reads what nft printed: JSON, and the listing that has the text of each rule. What has another shape is passed over. */
export function readRuleset(json: unknown, listing: string): Ruleset {
  const texts = ruleTexts(listing);
  const drafts = new Map<string, Draft>();
  const sets = new Map<string, readonly unknown[]>();
  for (const item of asList(asObject(json)?.["nftables"])) {
    const object = asObject(item) ?? {};
    const chain = asObject(object["chain"]);
    const rule = asObject(object["rule"]);
    const set = asObject(object["set"]) ?? asObject(object["map"]);
    if (chain !== undefined) {
      const made = readChain(chain);
      drafts.set(setKey(made.family, made.table, made.name), made);
    } else if (rule !== undefined) {
      const made = readRule(rule, texts);
      const { family, table, chain: name } = made.place;
      drafts.get(setKey(family, table, name))?.rules.push(made);
    } else if (set !== undefined) {
      const key = setKey(asText(set["family"]), asText(set["table"]), asText(set["name"]));
      sets.set(key, asList(set["elem"]));
    }
  }
  return { chains: [...drafts.values()], sets };
}

function readChain(chain: JsonObject): Draft {
  const hook = asText(chain["hook"]);
  const dev = chain["dev"];
  return {
    family: asText(chain["family"]),
    table: asText(chain["table"]),
    name: asText(chain["name"]),
    rules: [],
    base:
      hook === ""
        ? undefined
        : {
            type: asText(chain["type"]),
            hook,
            priority: asNumber(chain["prio"]) ?? 0,
            drops: chain["policy"] === "drop",
            devices: (typeof dev === "string" ? [dev] : asList(dev)).map((name) => asText(name)),
          },
  };
}

function readRule(rule: JsonObject, texts: ReadonlyMap<string, string>): Rule {
  const [family, table] = [asText(rule["family"]), asText(rule["table"])];
  const chain = asText(rule["chain"]);
  const handle = asNumber(rule["handle"]) ?? 0;
  const text = texts.get(`${setKey(family, table, chain)} ${handle}`) ?? "";
  return {
    place: { family, table, chain, handle, text },
    statements: asList(rule["expr"]).map((statement) => asObject(statement) ?? {}),
  };
}

const RULE = /^\t\t(?!type \S+ hook )([\s\S]*?)\s*# handle (\d+)$/gm;

/** The text of each rule, by family, table, chain and handle. A rule may go over several lines. */
function ruleTexts(listing: string): ReadonlyMap<string, string> {
  const texts = new Map<string, string>();
  for (const tableText of listing.split(/^table /m).slice(1)) {
    const [family = "", table = ""] = tableText.split(" ");
    for (const chainText of tableText.split(/^\tchain /m).slice(1)) {
      const [chain = ""] = chainText.split(" ");
      const [body = ""] = chainText.split("\n\t}");
      for (const [, text = "", handle = ""] of body.matchAll(RULE))
        texts.set(`${setKey(family, table, chain)} ${handle}`, text.replaceAll(/\s+/g, " "));
    }
  }
  return texts;
}

/** "table inet fw4, chain input, rule handle 12 (ip protocol vrrp drop)". */
export function describePlace({ family, table, chain, handle, text }: RulePlace): string {
  const where = `table ${family} ${table}, chain ${chain}`;
  if (handle === undefined) return `${where}, policy drop`;
  return `${where}, rule handle ${handle}${text === "" ? "" : ` (${text})`}`;
}
