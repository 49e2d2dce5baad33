// The settings page: tokens, retention, networks, room.

import { ask, element } from "/static/api.js";
import { instant, utc } from "/static/time.js";
import { t } from "/static/words.js";

const one = (id) => document.getElementById(id);
const PARTS = {
  database: t("Database"),
  crops: t("Pictures of people"),
  uploads: t("Uploaded videos"),
  jobs: t("Tracked videos"),
  reports: t("Reports"),
};
const ROLES = { viewer: t("viewer"), operator: t("operator"), admin: t("admin") };
const SUMMARIES = { "part of the package": t("part of the package") }; // others are in English
const KINDS = { detector: t("detector"), embedder: t("embedder") };

function say(text) {
  one("said").textContent = text;
  one("said").hidden = !text;
}

function cell(content) {
  return element("td", {}, content ?? "");
}

function time(text, none) {
  return text ? element("time", { dateTime: text, title: utc(text), textContent: instant(text) }) : none;
}

function size(bytes) {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) [value, unit] = [value / 1000, unit + 1];
  return `${value.toFixed(value < 10 && unit ? 1 : 0)} ${units[unit]}`;
}

async function tokens() {
  const found = await ask("GET", "/tokens");
  one("tokens").replaceChildren(
    ...found.tokens.map((token) => {
      const remove = element("button", { type: "button", className: "quiet", textContent: t("Remove") });
      remove.setAttribute("aria-label", t("Remove the token of {name}", { name: token.name }));
      remove.addEventListener("click", guarded(async () => {
        await ask("DELETE", `/tokens/${encodeURIComponent(token.name)}`);
        await tokens();
      }));
      const name = element("th", { scope: "row", textContent: token.name });
      return element("tr", {}, name, cell(ROLES[token.role] ?? token.role), cell(time(token.created)), cell(time(token.expires, t("no end"))), cell(time(token.last_used, t("never"))), cell(remove));
    }),
  );
}

const guarded = (act) => async (event) => {
  event?.preventDefault();
  say("");
  try {
    await act(event);
  } catch (error) {
    say(error.message);
  }
};

function days(form) {
  return Object.fromEntries(["footage_days", "query_days", "upload_days"].map((name) => [name, form[name].value ? Number(form[name].value) : null]));
}

async function admin() {
  await tokens();
  const form = one("token-form");
  form.addEventListener("submit", guarded(async () => {
    const wish = { name: form.name.value.trim(), role: form.role.value };
    if (form.days.value) wish.days = Number(form.days.value);
    const made = await ask("POST", "/tokens", wish);
    one("token-text").textContent = made.token;
    one("new-token").hidden = false;
    form.reset();
    await tokens();
  }));
  one("copy-token").addEventListener("click", () => navigator.clipboard.writeText(one("token-text").textContent));

  const retention = one("retention-form");
  const chosen = await ask("GET", "/settings");
  for (const [name, value] of Object.entries(chosen)) retention[name].value = value ?? "";
  one("retention-fields").disabled = false;
  const sure = () => one("keep").dataset.sure === JSON.stringify(days(retention));
  retention.addEventListener("input", () => {
    one("effect").textContent = "";
    one("keep").textContent = t("Save");
    delete one("keep").dataset.sure;
  });
  retention.addEventListener("submit", guarded(async () => {
    const choice = days(retention);
    const { would_erase: count } = await ask("PUT", "/settings?trial=true", choice);
    if (count && !sure()) {
      one("effect").className = "error";
      one("effect").textContent = count === 1 ? t("1 visit is older and will be erased for good.") : t("{count} visits are older and will be erased for good.", { count });
      one("keep").textContent = t("Save and erase them");
      one("keep").dataset.sure = JSON.stringify(choice);
      return;
    }
    await ask("PUT", "/settings", choice);
    one("effect").className = "";
    one("effect").textContent = t("Saved.");
    one("keep").textContent = t("Save");
  }));
}

async function about() {
  const found = await ask("GET", "/about");
  const models = found.models.toSorted((a, b) => Number(b.in_use) - Number(a.in_use) || a.name.localeCompare(b.name));
  one("models").replaceChildren(
    ...models.map((model) => element("tr", {}, element("th", { scope: "row", textContent: model.name }), cell(KINDS[model.kind] ?? model.kind), cell(SUMMARIES[model.summary] ?? model.summary), cell(model.licence), cell(model.in_use ? t("in use") : ""))),
  );
  const rows = [
    [t("Version"), found.version],
    [t("Detector"), found.detector],
    [t("Embedder"), found.embedder ?? t("none yet")],
    ...Object.entries(found.bytes_by_part).map(([part, bytes]) => [PARTS[part] ?? part, size(bytes)]),
    [t("Free on the disk"), size(found.bytes_free)],
  ];
  one("room").replaceChildren(...rows.flatMap(([name, value]) => [element("dt", { textContent: name }), element("dd", { textContent: value })]));
}

guarded(about)();
if (one("tokens")) guarded(admin)();
