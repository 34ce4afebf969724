/** The text format of OpenMetrics 1.0. */

export const METRICS_TYPE = "application/openmetrics-text; version=1.0.0; charset=utf-8";

export type Labels = Readonly<Record<string, string>>;
export type Sample = readonly [labels: Labels, value: number];

export interface Family {
  readonly name: string;
  readonly type: "counter" | "gauge" | "info" | "stateset";
  readonly help: string;
  readonly samples: readonly Sample[];
}

export const formatFamilies = (families: readonly Family[]): string =>
  `${families.map((family) => formatFamily(family)).join("")}# EOF\n`;

/** The sample of a family that has one only. */
export const plain = (value: number): Sample => [{}, value];

export const gauge = (name: string, help: string, samples: readonly Sample[]): Family => ({
  name,
  type: "gauge",
  help,
  samples,
});

export const counter = (name: string, help: string, samples: readonly Sample[]): Family => ({
  ...gauge(name, help, samples),
  type: "counter",
});

const SUFFIXES = { counter: "_total", gauge: "", info: "_info", stateset: "" } as const;

function formatFamily({ name, type, help, samples }: Family): string {
  const lines = samples.map(
    ([labels, value]) => `${name}${SUFFIXES[type]}${formatLabels(labels)} ${value}\n`,
  );
  return `# TYPE ${name} ${type}\n# HELP ${name} ${help}\n${lines.join("")}`;
}

function formatLabels(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escapeLabel(value)}"`);
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

const escapeLabel = (value: string): string =>
  value.replaceAll("\\", "\\\\").replaceAll('"', String.raw`\"`).replaceAll("\n", String.raw`\n`);
