// The page on which a camera's video is watched: boxes and ids over the picture, people beside it, its time below.

import { Boxes, colourOf, shortId } from "/static/boxes.js";
import { Player } from "/static/player.js";
import { instant, utc } from "/static/time.js";
import { Timebar } from "/static/timebar.js";
import { t } from "/static/words.js";

const one = (id) => document.getElementById(id);
const camera = one("watch").dataset.camera;
const stage = one("stage");
const boxes = new Boxes(one("overlay"));
const player = new Player([...stage.querySelectorAll("video")], boxes, camera);
const bar = new Timebar(one("bar"), one("scale"), camera, (moment) => player.jump(moment));
boxes.withIds = true;

const crop = (person) => person.crop ?? "/static/icon.svg";

function choose(person) {
  boxes.chosen = person.id;
  boxes.draw();
  for (const face of one("people").querySelectorAll("button")) face.setAttribute("aria-pressed", String(face.dataset.id === person.id));
  one("chosen").hidden = false;
  one("chosen-crop").src = crop(person);
  one("chosen-crop").alt = t("Person {number}", { number: shortId(person.id) });
  one("chosen-id").textContent = person.id;
  one("chosen-search").href = `/#tracklet=${encodeURIComponent(person.id)}`;
}

function face(person) {
  const button = document.createElement("button");
  button.type = "button";
  button.title = person.id;
  button.dataset.id = person.id;
  button.setAttribute("aria-label", t("Person {number}", { number: shortId(person.id) }));
  button.setAttribute("aria-pressed", String(boxes.chosen === person.id));
  const image = Object.assign(document.createElement("img"), { src: crop(person), alt: "", loading: "lazy" });
  const label = Object.assign(document.createElement("span"), { textContent: shortId(person.id) });
  label.style.backgroundColor = colourOf(person.id);
  button.append(image, label);
  button.addEventListener("click", () => choose(person));
  const item = document.createElement("li");
  item.append(button);
  return item;
}

player.addEventListener("piece", () => {
  const focused = document.activeElement?.dataset?.id;
  const { people, end } = player.piece;
  one("people").replaceChildren(...people.map(face));
  one("nobody").hidden = people.length > 0;
  if (focused) [...one("people").querySelectorAll("button")].find((button) => button.dataset.id === focused)?.focus();
  stage.classList.remove("empty");
  if (bar.whole && Date.parse(end) > bar.last) bar.load().catch(() => null); // more was ingested meanwhile
  tick();
});
player.addEventListener("state", () => {
  one("play").textContent = player.playing ? t("Pause") : t("Play");
  if (!player.playing && player.now !== null) history.replaceState(null, "", `?at=${encodeURIComponent(new Date(player.now).toISOString())}`);
});
player.addEventListener("note", (event) => (one("note").textContent = event.detail));

function tick() {
  const { now } = player;
  if (now === null) return;
  const time = one("now");
  time.dateTime = new Date(now).toISOString();
  time.textContent = instant(now);
  time.title = utc(now);
  bar.show(now);
}
setInterval(tick, 250);

const toggle = () => (player.playing ? player.pause() : player.play());
const actions = {
  " ": toggle,
  ArrowLeft: () => player.move(-5),
  ArrowRight: () => player.move(5),
  ",": () => player.frame(-1),
  ".": () => player.frame(1),
};
document.addEventListener("keydown", (event) => {
  const { target, key } = event;
  const typing = target.matches("select") || (key === " " && target.matches("button, a, input, summary"));
  if (typing || event.ctrlKey || event.altKey || event.metaKey || !Object.hasOwn(actions, key)) return;
  event.preventDefault();
  actions[key]();
});
for (const [id, key] of [["play", " "], ["back", "ArrowLeft"], ["forward", "ArrowRight"], ["frame-back", ","], ["frame-forward", "."]]) {
  one(id).addEventListener("click", actions[key]);
}
one("speed").addEventListener("change", (event) => player.setSpeed(Number(event.target.value)));
one("ids").addEventListener("change", (event) => {
  boxes.withIds = event.target.checked;
  boxes.draw();
});
one("boxes").addEventListener("change", (event) => {
  boxes.visible = event.target.checked;
  boxes.draw();
});
one("in").addEventListener("click", () => bar.zoom(4).catch(() => null));
one("out").addEventListener("click", () => bar.zoom(0.25).catch(() => null));
stage.addEventListener("click", (event) => {
  const person = boxes.hit(event.clientX, event.clientY);
  if (person) choose(person);
  else toggle();
});
stage.addEventListener("pointermove", (event) => stage.classList.toggle("over", boxes.hit(event.clientX, event.clientY) !== null));

async function begin() {
  const at = new URLSearchParams(location.search).get("at");
  const moment = at === null ? null : Date.parse(at);
  if (Number.isNaN(moment)) return (one("note").textContent = t("The time in the address is none that can be read."));
  bar.load().catch((error) => (one("note").textContent = error.message));
  await player.jump(moment);
  if (player.piece) player.play();
}
begin();
