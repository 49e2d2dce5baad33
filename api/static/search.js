// The search page: photos or tracklets go to the API, sightings come back as a timeline and a grid, and are refined there.

import { askAgain, askNew, sayOf, stopAsking } from "/static/asking.js";
import { card, isSure } from "/static/card.js";
import { element, one } from "/static/element.js";
import { Photo } from "/static/photo.js";
import { Question } from "/static/question.js";
import { Timeline } from "/static/timeline.js";
import { Viewer } from "/static/viewer.js";
import { t } from "/static/words.js";

const form = one("ask");
const results = document.querySelector(".results");
const photo = new Photo(one("photo"), one("people"), (box) => {
  question.chooseBox(box);
  ask();
});
const question = new Question(photo, () => (question.empty ? startOver() : ask()));
const timeline = new Timeline(one("timeline"), (rank) => choose(rank));
const viewer = new Viewer({ onMark: mark, onAdd: (sighting) => fromTracklet(sighting.tracklets[0], true) });

let answer = null;
let marking = Promise.resolve();

function tell(kind, verdict, detail) {
  results.className = `results ${kind}`;
  one("verdict").textContent = verdict;
  one("detail").textContent = detail;
}

function filters() {
  const query = new URLSearchParams();
  for (const [name, value] of new FormData(form)) {
    if (name === "since" || name === "until") {
      if (value) query.append(name, new Date(value).toISOString());
    } else if (name === "rerank") {
      query.append(name, "true");
    } else if ((name === "camera" || name === "top") && value) {
      query.append(name, value);
    }
  }
  return query;
}

async function ask() {
  if (question.empty && !question.id) return;
  tell("busy", t("Searching"), "");
  one("go").disabled = false;
  one("clear").hidden = false;
  try {
    const isNew = question.changed || !question.id;
    const found = await (isNew ? askNew(question, filters()) : askAgain(question.id, filters()));
    if (found) show(found);
  } catch (error) {
    fail(error.message);
  }
}

// A second click on the same mark takes it back. Marks that are made faster than they are answered go one after the other.
function mark(sighting, what) {
  const { id } = question;
  const said = { [sighting.feedback === what ? "neither" : what]: sighting.tracklets };
  results.classList.add("busy");
  marking = marking.then(async () => {
    if (id !== question.id) return;
    try {
      const found = await sayOf(id, said, filters());
      if (found) show(found);
    } catch (error) {
      tell("failed", t("This mark was not kept"), error.message);
    }
  });
}

function fail(message) {
  answer = null;
  one("viewer").close();
  one("grid").replaceChildren();
  one("timeline").hidden = one("tools").hidden = true;
  tell("failed", t("This could not be searched"), message);
}

function show(found) {
  answer = found;
  question.answered(found);
  link(found.id);
  const sure = found.sightings.filter((sighting) => isSure(sighting, found));
  const kept = found.sightings.filter((sighting) => sighting.feedback !== "rejected");
  const best = kept.length ? Math.max(...kept.map((sighting) => sighting.similarity)) : undefined;
  const values = { best: best?.toFixed(2), point: found.operating_point.toFixed(2) };
  if (found.answer === "found" || sure.length) {
    const verdict = sure.length === 1 ? t("Seen once") : t("Seen {count} times", { count: sure.length });
    tell("found", verdict, t("Best similarity {best}, operating point {point}.", values));
  } else {
    const nearest =
      best === undefined
        ? t("Nobody else was seen there at all.")
        : t("Best similarity {best}, operating point {point}; what is shown is only alike.", values);
    tell("missing", t("Not in this footage"), nearest);
  }
  one("tools").hidden = found.sightings.length === 0;
  timeline.show(found, (sighting) => isSure(sighting, found));
  const focus = focused();
  const does = { onOpen: (sighting) => viewer.open(sighting, answer), onMark: mark, onSearch: (sighting) => fromTracklet(sighting.tracklets[0]) };
  one("grid").replaceChildren(...found.sightings.map((sighting) => card(sighting, found, does)));
  focus();
  viewer.update(found);
}

// The button that has the focus gets it again in the new grid, wherever its sighting went.
function focused() {
  const { activeElement } = document;
  const what = activeElement?.dataset?.mark;
  const whose = activeElement?.closest?.(".card")?.dataset.tracklet;
  return () => {
    const place = answer.sightings.findIndex((sighting) => sighting.tracklets.includes(whose));
    if (what && place >= 0) one("grid").children[place].querySelector(`[data-mark=${what}]`).focus({ preventScroll: true });
  };
}

function choose(rank) {
  document.querySelector(".card.chosen")?.classList.remove("chosen");
  const chosen = one(`sighting-${rank}`);
  chosen.classList.add("chosen");
  chosen.scrollIntoView({ block: "center", behavior: "smooth" });
  chosen.querySelector("button").focus({ preventScroll: true });
}

async function take(file, adding = false) {
  try {
    await question.take(file, adding && !question.empty);
  } catch (error) {
    const unreadable = file.name
      ? t("{name} is no picture that a browser can show.", { name: file.name })
      : t("What was pasted is no picture that a browser can show.");
    return fail(error instanceof DOMException ? unreadable : error.message);
  }
  ask();
}

function fromTracklet(id, adding = false) {
  try {
    question.takeTracklet(id, adding);
  } catch (error) {
    return fail(error.message);
  }
  ask();
}

// Each question has a link of its own, and the browser's back button leads to the one before.
function link(id) {
  const hash = `#query=${encodeURIComponent(id)}`;
  if (location.hash === hash) return;
  history[location.hash.startsWith("#query=") ? "pushState" : "replaceState"](null, "", `/${hash}`);
}

function reset() {
  stopAsking();
  answer = null;
  question.clear();
  one("go").disabled = true;
  one("clear").hidden = one("timeline").hidden = one("tools").hidden = true;
  one("grid").replaceChildren();
  one("file").value = one("another").value = "";
  const hint = t("Give a photo of a person, or of a scene: everybody in it is framed, and one is taken.");
  tell("", t("Nobody is searched yet"), hint);
}

function startOver() {
  reset();
  history.replaceState(null, "", "/");
}

function fromLink() {
  const given = new URLSearchParams(location.hash.slice(1));
  if (given.get("tracklet")) return fromTracklet(given.get("tracklet"));
  if (!given.get("query")) return answer ? reset() : undefined;
  if (given.get("query") === answer?.id) return undefined;
  question.clear();
  question.id = given.get("query");
  return ask();
}

function table() {
  const quoted = (value) => `"${String(value ?? "").replaceAll('"', '""')}"`;
  const names = ["rank", "camera", "start", "end", "start_seconds", "end_seconds", "similarity", "probability", "tracklets", "feedback"];
  const rows = answer.sightings.map((sighting) => names.map((name) => quoted([sighting[name]].flat().join(" "))).join(","));
  const text = [names.join(","), ...rows].join("\r\n");
  const made = element("a", { href: URL.createObjectURL(new Blob([text], { type: "text/csv" })), download: "sightings.csv" });
  made.click();
  URL.revokeObjectURL(made.href);
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  ask();
});
for (const [id, adding] of [["file", false], ["another", true]]) {
  one(id).addEventListener("change", ({ target }) => {
    if (target.files[0]) take(target.files[0], adding);
    target.value = ""; // the same file may be chosen again
  });
}
one("clear").addEventListener("click", startOver);
one("export").addEventListener("click", table);
one("copy").addEventListener("click", async () => {
  await navigator.clipboard.writeText(location.href);
  one("copy").textContent = t("Copied");
  setTimeout(() => (one("copy").textContent = t("Copy link")), 1500);
});
one("in").addEventListener("click", () => timeline.zoom(2));
one("out").addEventListener("click", () => timeline.zoom(0.5));

// A photo dropped on what is searched already is one more; elsewhere it begins a new search.
for (const [place, adding] of [[one("drop"), false], [one("searched"), true]]) {
  for (const kind of ["dragenter", "dragover"]) {
    place.addEventListener(kind, (event) => {
      event.preventDefault();
      place.classList.add("over");
    });
  }
  for (const kind of ["dragleave", "drop"]) place.addEventListener(kind, () => place.classList.remove("over"));
  place.addEventListener("drop", (event) => {
    event.preventDefault();
    const file = event.dataTransfer.files[0];
    if (file) take(file, adding);
  });
}
document.addEventListener("paste", (event) => {
  const item = [...event.clipboardData.items].find((candidate) => candidate.kind === "file");
  if (item) take(item.getAsFile());
});
addEventListener("hashchange", fromLink);
fromLink();
