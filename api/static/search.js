// The search page: a photo or a tracklet goes to the API, sightings come back as a timeline and a grid.

import { Film } from "/static/film.js";
import { Photo } from "/static/photo.js";
import { Timeline } from "/static/timeline.js";
import { hours, instant, utc } from "/static/time.js";

const one = (id) => document.getElementById(id);
const form = one("ask");
const results = document.querySelector(".results");
const photo = new Photo(one("photo"), one("people"), () => ask());
const film = new Film(one("clip"), one("overlay"), one("clip-note"));
const timeline = new Timeline(one("timeline"), (rank) => choose(rank));

let tracklet = null; // asked for instead of a photo
let answer = null;
let running = null;

function element(name, properties = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

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
  if (!photo.file && !tracklet) return;
  running?.abort();
  const mine = (running = new AbortController());
  tell("busy", "Searching", "");
  const request = { method: "POST", signal: mine.signal };
  if (tracklet) {
    request.headers = { "Content-Type": "application/json" };
    request.body = JSON.stringify({ tracklet });
  } else {
    request.body = new FormData();
    request.body.append("image", photo.file);
    if (photo.box) request.body.append("box", photo.box.join(","));
  }
  try {
    const response = await fetch(`/api/v1/queries?${filters()}`, request);
    if (response.status === 401) return location.assign("/login");
    const body = await response.json();
    if (!response.ok) throw new Error(body.detail ?? response.statusText);
    if (mine === running) show(body);
  } catch (error) {
    if (error.name !== "AbortError") fail(error.message);
  }
}

function fail(message) {
  answer = null;
  one("grid").replaceChildren();
  one("timeline").hidden = one("tools").hidden = true;
  tell("failed", "This could not be searched", message);
}

function show(found) {
  answer = found;
  if (!tracklet) photo.frame(found.query.people, found.query.box);
  const sure = found.sightings.filter((sighting) => isSure(sighting)).length;
  const best = found.sightings[0]?.similarity;
  const point = `operating point ${found.operating_point.toFixed(2)}`;
  if (found.answer === "found") {
    tell("found", `Seen ${sure === 1 ? "once" : `${sure} times`}`, `Best similarity ${best.toFixed(2)}, ${point}.`);
  } else {
    const nearest = best === undefined ? "Nobody was seen there at all." : `Best similarity ${best.toFixed(2)}, ${point}; what is shown is only alike.`;
    tell("missing", "Not in this footage", nearest);
  }
  one("tools").hidden = found.sightings.length === 0;
  one("copy").hidden = !tracklet;
  timeline.show(found, isSure);
  one("grid").replaceChildren(...found.sightings.map(card));
}

const isSure = (sighting) => sighting.similarity >= answer.operating_point;

function card(sighting) {
  const sure = isSure(sighting);
  const asked = element("canvas", { className: "asked" });
  photo.drawPerson(asked, tracklet ? one("tracklet-image") : null);
  const crop = element("img", { src: sighting.crop ?? "", alt: "", loading: "lazy" });
  const shots = element("button", { type: "button", className: "shots", title: "Play and compare" }, asked, crop);
  shots.setAttribute("aria-label", `Play and compare: sighting ${sighting.rank}, ${sighting.camera}, ${instant(sighting.start)}`);
  shots.addEventListener("click", () => compare(sighting, asked));
  const meter = element("div", { className: "meter" }, element("i"), element("b"));
  meter.children[0].style.width = `${100 * Math.max(0, sighting.similarity)}%`;
  meter.children[1].style.left = `${100 * answer.operating_point}%`;
  meter.title = `similarity ${sighting.similarity.toFixed(3)}; the mark is the operating point`;
  const time = element("time", { dateTime: sighting.start, title: utc(sighting.start), textContent: instant(sighting.start) });
  const how = sighting.probability === null ? `similarity ${sighting.similarity.toFixed(2)}` : `${Math.round(100 * sighting.probability)} % the same person`;
  const text = element(
    "div",
    { className: "text" },
    element("span", { className: "where", textContent: sighting.camera }),
    time,
    element("span", { className: "hint", textContent: `${hours(sighting.end_seconds - sighting.start_seconds)}, ${how}` }),
    meter,
    element("span", { className: "hint", textContent: sure ? "" : "below the operating point" }),
  );
  const next = element("button", { type: "button", textContent: "Search this person" });
  next.addEventListener("click", () => fromTracklet(sighting.tracklets[0]));
  const actions = element("div", { className: "actions" }, next);
  const item = element("li", { className: `card ${sure ? "sure" : "below"}`, id: `sighting-${sighting.rank}` }, shots, text, actions);
  return item;
}

function choose(rank) {
  document.querySelector(".card.chosen")?.classList.remove("chosen");
  const chosen = one(`sighting-${rank}`);
  chosen.classList.add("chosen");
  chosen.scrollIntoView({ block: "center", behavior: "smooth" });
  chosen.querySelector("button").focus({ preventScroll: true });
}

function compare(sighting, asked) {
  const copy = one("asked");
  copy.width = asked.width;
  copy.height = asked.height;
  if (asked.width && asked.height) copy.getContext("2d").drawImage(asked, 0, 0);
  one("seen").src = sighting.crop ?? "";
  one("viewer-title").textContent = `${sighting.camera}, ${instant(sighting.start)}`;
  one("seen-caption").textContent = `Seen, rank ${sighting.rank}`;
  const facts = [
    ["From", `${instant(sighting.start)} (${utc(sighting.start)})`],
    ["To", `${instant(sighting.end)} (${utc(sighting.end)})`],
    ["Similarity", `${sighting.similarity.toFixed(3)} (operating point ${answer.operating_point.toFixed(3)})`],
    ["Probability", sighting.probability === null ? "not calibrated yet" : `${(100 * sighting.probability).toFixed(1)} %`],
    ["Tracklets", sighting.tracklets.join(", ")],
  ];
  one("facts").replaceChildren(
    ...facts.flatMap(([name, value]) => [element("dt", { textContent: name }), element("dd", { textContent: value })]),
  );
  one("viewer").showModal();
  film.play(sighting.tracklets[0]);
}

async function take(file) {
  try {
    await photo.load(file);
  } catch {
    return fail(`${file.name || "What was pasted"} is no picture that a browser can show.`);
  }
  tracklet = null;
  history.replaceState(null, "", "/");
  ready();
  ask();
}

async function fromTracklet(id) {
  tracklet = id;
  history.replaceState(null, "", `/#tracklet=${encodeURIComponent(id)}`);
  photo.clear();
  one("tracklet-image")?.remove();
  const image = element("img", { id: "tracklet-image", alt: `tracklet ${id}`, src: `/api/v1/tracklets/${encodeURIComponent(id)}/crop.jpg` });
  one("drop").append(image);
  await image.decode().catch(() => null);
  ready();
  ask();
}

function ready() {
  one("invite").hidden = true;
  if (!tracklet) one("tracklet-image")?.remove();
  one("go").disabled = false;
  one("clear").hidden = false;
}

function startOver() {
  running?.abort();
  tracklet = answer = null;
  photo.clear();
  one("tracklet-image")?.remove();
  one("invite").hidden = false;
  one("go").disabled = true;
  one("clear").hidden = one("timeline").hidden = one("tools").hidden = true;
  one("grid").replaceChildren();
  history.replaceState(null, "", "/");
  tell("", "Nobody is searched yet", "Give a photo of a person, or of a scene: everybody in it is framed, and one is taken.");
}

function table() {
  const quoted = (value) => `"${String(value ?? "").replaceAll('"', '""')}"`;
  const names = ["rank", "camera", "start", "end", "start_seconds", "end_seconds", "similarity", "probability", "tracklets"];
  const rows = answer.sightings.map((sighting) => names.map((name) => quoted([sighting[name]].flat().join(" "))).join(","));
  const text = [names.join(","), ...rows].join("\r\n");
  const link = element("a", { href: URL.createObjectURL(new Blob([text], { type: "text/csv" })), download: "sightings.csv" });
  link.click();
  URL.revokeObjectURL(link.href);
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  ask();
});
one("file").addEventListener("change", (event) => event.target.files[0] && take(event.target.files[0]));
one("clear").addEventListener("click", startOver);
one("close").addEventListener("click", () => one("viewer").close());
one("viewer").addEventListener("close", () => film.stop());
one("export").addEventListener("click", table);
one("copy").addEventListener("click", async () => {
  await navigator.clipboard.writeText(location.href);
  one("copy").textContent = "Copied";
  setTimeout(() => (one("copy").textContent = "Copy link"), 1500);
});
one("in").addEventListener("click", () => timeline.zoom(2));
one("out").addEventListener("click", () => timeline.zoom(0.5));

const drop = one("drop");
for (const kind of ["dragenter", "dragover"]) {
  drop.addEventListener(kind, (event) => {
    event.preventDefault();
    drop.classList.add("over");
  });
}
for (const kind of ["dragleave", "drop"]) drop.addEventListener(kind, () => drop.classList.remove("over"));
drop.addEventListener("drop", (event) => {
  event.preventDefault();
  const file = event.dataTransfer.files[0];
  if (file) take(file);
});
document.addEventListener("paste", (event) => {
  const item = [...event.clipboardData.items].find((candidate) => candidate.kind === "file");
  if (item) take(item.getAsFile());
});

function fromLink() {
  const id = new URLSearchParams(location.hash.slice(1)).get("tracklet");
  if (id && id !== tracklet) fromTracklet(id);
}
addEventListener("hashchange", fromLink);
fromLink();
