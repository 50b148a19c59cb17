"use strict";
const head = JSON.parse(document.getElementById("head").textContent);
const rows = JSON.parse(document.getElementById("data").textContent);
const SEVERITIES = ["critical", "high", "medium", "low", "info"];
const STEP = 100;
const $ = (id) => document.getElementById(id);
const money = (n) => n.toLocaleString("en", { minimumFractionDigits: 2, maximumFractionDigits: 2 });
const NOT_PRICED = "not priced";
const CARDS = ["zombie-volume", "open-ingress", "log-cost"]; // the checks with cards of their own
/** What a sum costs: never $0.00 for what has no price. */
const total = (entry) => {
  const other = Object.entries(entry.monthly_other_currencies).map(([currency, n]) => `${money(n)} ${currency}`);
  const parts = entry.monthly_usd === null ? other : [`$${money(entry.monthly_usd)}`, ...other];
  return parts.length ? parts.join(" + ") : NOT_PRICED;
};
/** How many of a sum's findings have no price, where others have one. */
const missing = (entry) => (entry.unpriced && entry.unpriced < entry.count ? `${whole(entry.unpriced)} ${NOT_PRICED}` : "");
const cost = (row) => (row.monthly_usd !== null ? money(row.monthly_usd) : row.monthly_cost !== null ? `${money(row.monthly_cost)} ${row.currency}` : NOT_PRICED);
/** An account for a reader: its number, with its name where that is known. */
const account = (number) => (head.accounts[number]?.name ? `${head.accounts[number].name} (${number})` : number);
const whole = (n) => n.toLocaleString("en");
const colour = (severity) => `var(--${severity})`;

/** Makes an element; texts go in as texts, never as markup. */
function make(name, properties = {}, ...children) {
  const found = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (key in found && key !== "style") found[key] = value; else found.setAttribute(key, value);
  }
  found.append(...children);
  return found;
}

function drawing(name, properties = {}, text = "") {
  const found = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(properties)) found.setAttribute(key, value);
  found.textContent = text;
  return found;
}

function theme(name) {
  document.documentElement.dataset.theme = name;
}
const dark = matchMedia("(prefers-color-scheme: dark)");
theme(dark.matches ? "dark" : "light");
dark.addEventListener("change", (event) => theme(event.matches ? "dark" : "light"));
$("theme").onclick = () => theme(document.documentElement.dataset.theme === "dark" ? "light" : "dark");

function overview() {
  const accounts = [...new Set(head.coverage.map((entry) => account(entry.account)))];
  const regions = [...new Set(head.coverage.map((entry) => entry.region))];
  const many = (list, what) => (list.length > 4 ? `${list.length} ${what}` : list.join(", "));
  $("scope").textContent = `${many(accounts, "accounts")} · ${many(regions, "regions")} · ${head.started_at.replace("T", " ").slice(0, 16)} UTC`;
  $("state").textContent = head.complete ? "complete" : "incomplete";
  $("state").classList.add(head.complete ? "good" : "bad");
  const gaps = head.coverage.filter((entry) => entry.status !== "complete");
  if (gaps.length || !head.coverage.length) {
    const list = gaps.map((entry) => make("li", {}, `${entry.collector} in ${entry.region} of ${account(entry.account)}: ${entry.reason}`));
    $("gaps").append(make("b", {}, "Not everything was looked at. What is missing here may still be there:"), make("ul", {}, ...list));
    $("gaps").hidden = false;
  }
  if (head.notices.length) {
    $("gaps").append(make("ul", {}, ...head.notices.map((text) => make("li", {}, text))));
    $("gaps").hidden = false;
  }
  if (head.prices.warnings.length) {
    $("prices").append(make("ul", {}, ...head.prices.warnings.map((text) => make("li", {}, text))));
    $("prices").hidden = false;
  }
  const dated = Object.entries(head.prices.regions).map(([code, entry]) => `${code} ${[...new Set([entry.volumes, entry.logs])].map((date) => date ?? NOT_PRICED).join(", ")}`);
  $("foot").textContent = `List prices a month, ${head.prices.currency} unless another currency is named. ${dated.length > 8 ? `Newest of ${head.prices.date}` : `Of ${dated.join("; ")}`}. Storage of logs is an upper bound, ingestion an estimate where it was not measured. analyse ${head.tool.version}.`;
}

/** What is new and what is gone since the report that this run was compared with. */
function changes() {
  const found = head.comparison;
  if (!found) return;
  const since = `${found.started_at.replace("T", " ").slice(0, 16)} UTC${found.complete ? "" : ", which was incomplete"}`;
  $("changes").append(make("b", {}, `Since the report of ${since}: ${whole(found.new)} new, ${whole(found.gone)} gone, ${whole(found.known)} as before`));
  if (found.notices.length) $("changes").append(make("ul", {}, ...found.notices.map((text) => make("li", {}, text))));
  if (found.gone_findings.length) {
    const shown = found.gone_findings.slice(0, STEP);
    const lines = shown.map((row) => make("li", {}, `${row.severity}: ${row.title} (${row.id}, ${row.region}, ${account(row.account)})`));
    const title = shown.length < found.gone ? `Gone, the first ${whole(shown.length)}` : "Gone";
    $("changes").append(make("details", {}, make("summary", {}, title), make("ul", {}, ...lines)));
  }
  const button = make("button", { type: "button", id: "fresh", "aria-pressed": "false" }, "Only new");
  button.onclick = () => {
    state.fresh = !state.fresh;
    button.setAttribute("aria-pressed", String(state.fresh));
    table();
  };
  $("severities").append(button);
  $("changes").hidden = false;
}

function cards() {
  const sums = head.summary.by_check;
  const card = (number, text) => $("cards").append(make("div", { className: "card" }, make("b", {}, number), make("span", {}, text)));
  const volumes = sums["zombie-volume"], open = sums["open-ingress"], logs = sums["log-cost"];
  const priced = (entry) => total(entry) !== NOT_PRICED, monthly = (entry) => (priced(entry) ? "a month " : "");
  const left = (entry) => (missing(entry) ? `; ${missing(entry)}` : "");
  if (volumes) card(total(volumes), `${monthly(volumes)}for ${whole(volumes.count)} volumes that nothing uses${left(volumes)}`);
  if (open) {
    const grave = ["critical", "high"].reduce((sum, name) => sum + (open.by_severity[name]?.count ?? 0), 0);
    card(whole(grave), `of ${whole(open.count)} rules open to the Internet are critical or high`);
  }
  if (logs) {
    card(total(logs), `${monthly(logs)}to store and ingest ${whole(logs.count)} log groups${left(logs)}`);
    const forever = rows.filter((row) => row.check === "log-cost" && !row.ignored && !row.details.retention_days).length;
    card(whole(forever), "log groups never expire");
  }
  for (const [name, entry] of Object.entries(sums)) {
    if (CARDS.includes(name) || !entry.count) continue;
    const costs = entry.monthly_usd || entry.unpriced || Object.keys(entry.monthly_other_currencies).length;
    const what = `${head.checks[name].title} (${whole(entry.count)})`;
    card(costs ? total(entry) : whole(entry.count), costs ? `${monthly(entry)}${what}${left(entry)}` : head.checks[name].title);
  }
  card(whole(head.summary.ignored), `ignored by the ignore file${head.ignore_expired.length ? `; ${head.ignore_expired.length} of its entries expired` : ""}`);
}

function bars(title, entries, value, label) {
  const shown = entries.slice(0, 8);
  if (!shown.length) return;
  const greatest = Math.max(...shown.map((entry) => value(entry) ?? 0)) || 1;
  // A label that does not fit beside its bar stands above it.
  const above = shown.some((entry) => label(entry).length > 13), [height, x, full] = above ? [46, 0, 420] : [28, 150, 180];
  const svg = drawing("svg", { viewBox: `0 0 420 ${shown.length * height}`, role: "img", "aria-label": title });
  shown.forEach((entry, n) => {
    const y = n * height, text = y + (above ? 13 : 17), bar = { x, y: y + (above ? 20 : 6), height: 14, rx: 4 };
    svg.append(drawing("text", { x: 0, y: text }, entry[0].length > 19 ? `…${entry[0].slice(-18)}` : entry[0]));
    svg.append(drawing("rect", { class: "track", ...bar, width: full }));
    // Without a value there is no bar: a short one would say that it costs little.
    if (value(entry) !== null) svg.append(drawing("rect", { class: "bar", ...bar, width: Math.max(2, (full * value(entry)) / greatest) }));
    svg.append(drawing("text", { class: "soft", x: 420, y: text, "text-anchor": "end" }, label(entry)));
  });
  $("charts").append(make("div", { className: "chart" }, make("h3", {}, title), svg));
}

function gravity() {
  const checks = Object.entries(head.summary.by_check).filter(([, found]) => found.count);
  if (!checks.length) return;
  const svg = drawing("svg", { viewBox: `0 0 420 ${checks.length * 46}`, role: "img", "aria-label": "Findings by severity" });
  checks.forEach(([name, found], n) => {
    let x = 0;
    const y = n * 46;
    svg.append(drawing("text", { x: 0, y: y + 13 }, head.checks[name].title));
    svg.append(drawing("text", { class: "soft", x: 420, y: y + 13, "text-anchor": "end" }, whole(found.count)));
    for (const severity of SEVERITIES) {
      const count = found.by_severity[severity]?.count ?? 0, width = (420 * count) / found.count;
      if (!count) continue;
      const part = drawing("rect", { x, y: y + 20, width: Math.max(1, width - 1.5), height: 14, rx: 3, style: `fill: ${colour(severity)}` });
      part.append(drawing("title", {}, `${severity}: ${count}`));
      svg.append(part);
      x += width;
    }
  });
  const legend = SEVERITIES.map((name) => make("span", {}, make("i", { style: `background: ${colour(name)}` }), name));
  $("charts").append(make("div", { className: "chart" }, make("h3", {}, "Findings by severity"), svg, make("div", { className: "legend" }, ...legend)));
}

function charts() {
  gravity();
  const { "zombie-volume": volumes, "open-ingress": open, "log-cost": logs } = head.summary.by_check;
  const usd = (entry) => entry[1].monthly_usd;
  const sum = (entry) => `${total(entry[1])}${missing(entry[1]) ? ` (${missing(entry[1])})` : ""}`;
  if (volumes) {
    bars("Unused volumes by owner, a month", Object.entries(volumes.by_owner), usd, sum);
    bars("Unused volumes by type, a month", Object.entries(volumes.by_type), usd, sum);
    const accounts = Object.entries(volumes.by_account).map(([number, entry]) => [head.accounts[number]?.name ?? number, entry]);
    if (accounts.length > 1) bars("Unused volumes by account, a month", accounts, usd, sum);
    const regions = Object.entries(volumes.by_region);
    if (regions.length > 1) bars("Unused volumes by region, a month", regions, usd, sum);
  }
  if (open) bars("Open rules by kind", Object.entries(open.by_type).sort((a, b) => b[1].count - a[1].count), (e) => e[1].count, (e) => whole(e[1].count));
  if (logs) {
    const dearest = rows.filter((row) => row.check === "log-cost" && !row.ignored && row.monthly_usd).sort((a, b) => b.monthly_usd - a.monthly_usd);
    const title = `Most expensive log groups, a month${missing(logs) ? ` (${missing(logs)})` : ""}`;
    if (dearest.length) bars(title, dearest.map((row) => [row.id, row]), usd, (entry) => `$${cost(entry[1])}`);
    else bars("Log groups by region, a month", Object.entries(logs.by_region), usd, sum);
  }
}

const rank = (row) => SEVERITIES.length - SEVERITIES.indexOf(row.severity);
const bytes = (n) => (n >= 2 ** 30 ? `${(n / 2 ** 30).toFixed(1)} GiB` : n >= 2 ** 20 ? `${(n / 2 ** 20).toFixed(1)} MiB` : `${(n / 1024).toFixed(1)} KiB`);
const price = { title: "USD/month", value: (r) => r.monthly_usd, text: cost, number: true };
const detail = (title, name, text = String, number = true) => ({ title, value: (r) => r.details[name] ?? null, text: (r) => (r.details[name] === null ? "" : text(r.details[name])), number });
const COLUMNS = {
  "zombie-volume": [detail("GiB", "size_gib", whole), detail("Days old", "created_days_ago", whole), detail("Last snapshot", "last_snapshot_at", (t) => t.slice(0, 10), false), price],
  "open-ingress": [{ title: "Group", value: (r) => r.details.group_name, text: (r) => r.details.group_name }, { title: "Used by", value: (r) => r.details.users, text: (r) => (r.details.users === null ? "not known" : whole(r.details.users)), number: true }],
  "log-cost": [detail("Stored", "stored_bytes", bytes), detail("Streams", "streams", whole), detail("Average stream", "average_stream_bytes", bytes), detail("Days kept", "retention_days", whole), price],
  "stopped-instance-volume": [detail("GiB", "size_gib", whole), detail("Days stopped", "stopped_days_ago", whole), price],
  "unattached-address": [detail("Address", "address", String, false), price],
  "unused-snapshot": [detail("GiB", "size_gib", whole), detail("Days old", "days_old", whole), detail("At most", "monthly_at_most", (n) => n.toFixed(2)), price],
  "gp2-volume": [detail("gp2", "monthly_gp2", (n) => n.toFixed(2)), detail("gp3", "monthly_gp3", (n) => n.toFixed(2)), { ...price, title: "Saves a month" }],
  "log-storage-tier": [detail("Tier", "storage_tier", String, false)],
};
const state = { check: null, sort: 0, down: true, shown: STEP, fresh: false, severities: new Set(SEVERITIES) };

function columns() {
  return [
    { title: "Severity", value: rank, severity: true },
    { title: "Id", value: (r) => r.id, text: (r) => r.id, className: "id" },
    { title: "What", value: (r) => r.title, text: (r) => r.title },
    { title: "Region", value: (r) => r.region, text: (r) => r.region, className: "short" },
    { title: "Owner", value: (r) => r.owner, text: (r) => r.owner ?? "" },
    ...(COLUMNS[state.check] ?? [price]),
  ];
}

function chosen() {
  const words = $("search").value.toLowerCase().split(/\s+/).filter(Boolean);
  const found = rows.filter((row) => {
    if (state.fresh && row.change !== "new") return false;
    if (row.check !== state.check || !state.severities.has(row.severity)) return false;
    if (!words.length) return true;
    row.text ??= JSON.stringify([row.id, row.title, row.owner, row.region, account(row.account), row.type, row.tags]).toLowerCase();
    return words.every((word) => row.text.includes(word));
  });
  const { value } = columns()[state.sort], way = state.down ? -1 : 1;
  return found.sort((a, b) => {
    const x = value(a), y = value(b);
    if (x === null || y === null) return (x === null) - (y === null) || (b.monthly_cost ?? -1) - (a.monthly_cost ?? -1);
    return (x < y ? -1 : x > y ? 1 : (a.monthly_usd ?? 0) - (b.monthly_usd ?? 0)) * way;
  });
}

function unfold(row, line) {
  if (line.nextSibling?.classList.contains("more")) { line.nextSibling.remove(); return; }
  const tags = Object.entries(row.tags).map(([key, value]) => `${key}=${value}`).join(", ");
  const all = { account: account(row.account), type: row.type, change: row.change, ...row.details, tags, ignored: row.ignored?.reason, [NOT_PRICED]: row.unpriced, advice: head.checks[row.check].advice };
  const parts = Object.entries(all).filter(([, value]) => value !== null && value !== undefined && value !== "").map(([key, value]) => make("div", {}, make("span", {}, key.replaceAll("_", " ")), typeof value === "object" ? JSON.stringify(value) : String(value)));
  line.after(make("tr", { className: "more" }, make("td", { colSpan: columns().length }, make("div", { className: "detail" }, ...parts))));
}

function table() {
  const shape = columns(), found = chosen(), some = found.slice(0, state.shown);
  const header = shape.map((column, n) => {
    const sort = n === state.sort ? (state.down ? "descending" : "ascending") : "none";
    const act = () => { state.down = n === state.sort ? !state.down : true; state.sort = n; table(); };
    return make("th", { className: column.number ? "number" : "", "aria-sort": sort, tabIndex: 0, onclick: act, onkeydown: (event) => { if (event.key === "Enter") act(); } }, column.title);
  });
  $("findings").tHead.replaceChildren(make("tr", {}, ...header));
  $("findings").tBodies[0].replaceChildren(...some.map((row) => {
    const cells = shape.map((column) => (column.severity
      ? make("td", {}, make("span", { className: "sev", style: `background: ${colour(row.severity)}` }, row.severity))
      : make("td", { className: column.className ?? (column.number ? "number" : "") }, column.text(row), ...(column.title === "What" && row.change === "new" ? [make("span", { className: "new" }, "new")] : []))));
    const line = make("tr", { className: row.ignored ? "row ignored" : "row" }, ...cells);
    line.onclick = () => unfold(row, line);
    return line;
  }));
  $("shown").textContent = `${whole(some.length)} of ${whole(found.length)}`;
  $("more").hidden = some.length === found.length;
}

function controls() {
  const order = [...Object.keys(COLUMNS), ...Object.keys(head.checks)];
  const names = Object.keys(head.checks).sort((a, b) => order.indexOf(a) - order.indexOf(b));
  const open = (name) => {
    Object.assign(state, { check: name, sort: 0, down: true, shown: STEP });
    for (const tab of $("tabs").children) tab.setAttribute("aria-selected", String(tab.dataset.check === name));
    table();
  };
  for (const name of names) {
    const tab = make("button", { type: "button", role: "tab", "aria-controls": "panel", "data-check": name, onclick: () => open(name) }, `${head.checks[name].title} (${whole(head.summary.by_check[name]?.count ?? 0)})`);
    $("tabs").append(tab);
  }
  for (const name of SEVERITIES) {
    const button = make("button", { type: "button", "aria-pressed": "true", style: `border-color: ${colour(name)}` }, name);
    button.onclick = () => {
      if (!state.severities.delete(name)) state.severities.add(name);
      button.setAttribute("aria-pressed", String(state.severities.has(name)));
      table();
    };
    $("severities").append(button);
  }
  $("search").oninput = () => { state.shown = STEP; table(); };
  $("more").onclick = () => { state.shown += STEP; table(); };
  const first = names.find((name) => rows.some((row) => row.check === name)) ?? names[0];
  if (first) open(first);
}

function coverage() {
  const names = ["account", "region", "collector", "status", "reason", "calls", "items", "findings"];
  const number = (name) => (["calls", "items", "findings"].includes(name) ? "number" : "");
  $("coverage").tHead.append(make("tr", {}, ...names.map((name) => make("th", { className: number(name) }, name))));
  $("coverage").tBodies[0].append(...head.coverage.map((entry) => make("tr", {}, ...names.map((name) => make("td", { className: number(name) }, number(name) ? whole(entry[name]) : [name === "account" ? account(entry[name]) : entry[name], ...(name === "reason" ? entry.notes : [])].join(" "))))));
  if (head.ignore_expired.length) {
    $("expired").append(make("h2", {}, "Ignore entries that have expired"), make("ul", {}, ...head.ignore_expired.map((entry) => make("li", {}, `${entry.expires}: ${entry.reason} (${entry.id ?? entry.tag ?? entry.pattern})`))));
    $("expired").hidden = false;
  }
}

overview();
cards();
charts();
controls();
changes();
coverage();
document.documentElement.dataset.ready = "yes";
