/** `duet render uci`: a batch for uci(1), or the files of /etc/config edited in place. */
import { statSync } from "node:fs";
import path from "node:path";
import { formatDiagnostic } from "../config/diagnostics.ts";
import type { RenderedFile, RenderRequest, RenderTarget } from "./render-targets.ts";

/** What makes OpenWrt read its files again; all of it is needed after the first time. */
const ADVICE: Readonly<Record<string, string>> = {
  network: "/etc/init.d/network reload",
  dhcp: "/etc/init.d/dnsmasq restart",
  firewall: "/etc/init.d/firewall restart",
  keepalived: "/etc/init.d/keepalived restart",
};

export const uciTarget: RenderTarget = {
  name: "uci",
  describe:
    "OpenWrt's network, dhcp, firewall and keepalived: input of uci -q batch, or with --files the edited files of a folder such as /etc/config",
  defaultPath: undefined,
  // Whoever has a file for each program on the router has no use for this one, and the other way round.
  isNeeded: () => false,
  render: async (request) =>
    request.folder === undefined
      ? [await renderBatch(request)]
      : renderFolder(request, request.folder),
};

async function renderBatch({ pair, node, secret }: RenderRequest): Promise<RenderedFile> {
  const [{ renderUciBatch, uciRemarks }, { isUciIncomplete }] = await Promise.all([
    import("../render/uci.ts"),
    import("../render/uci-keepalived.ts"),
  ]);
  return {
    path: undefined,
    text: renderUciBatch(pair, node, secret),
    mode: 0o600,
    remarks: uciRemarks(pair, secret),
    advice: "reload_config",
    isIncomplete: isUciIncomplete(pair, secret),
  };
}

async function renderFolder(
  { pair, node, secret, read }: RenderRequest,
  folder: string,
): Promise<readonly RenderedFile[]> {
  const [{ renderUciFiles }, { UCI_PACKAGES }, { isUciIncomplete }, { ApplyError }] =
    await Promise.all([
      import("../render/uci-files.ts"),
      import("../render/uci-sections.ts"),
      import("../render/uci-keepalived.ts"),
      import("./render-apply.ts"),
    ]);
  const present = UCI_PACKAGES.flatMap((name) => {
    const file = path.join(path.resolve(folder), name);
    const text = read(file);
    return text === undefined ? [] : [{ package: name, path: file, text }];
  });
  if (present.length === 0)
    throw new ApplyError(
      `${folder} has none of the files ${UCI_PACKAGES.join(", ")}: name a folder such as /etc/config`,
    );
  const { files, diagnostics, remarks } = renderUciFiles(pair, node, present, secret);
  if (diagnostics.length > 0)
    throw new ApplyError(
      `the files have errors, so none is edited:\n${diagnostics.map(formatDiagnostic).join("\n")}`,
    );
  return files.map((file) => ({
    path: file.path,
    text: file.text,
    mode: statSync(file.path).mode & 0o777,
    remarks,
    advice: ADVICE[file.package] ?? "",
    isIncomplete: file.package === "keepalived" && isUciIncomplete(pair, secret),
  }));
}
