// One sighting in the grid: the person searched beside the person seen, facts, and what can be said of it.

import { element } from "/static/element.js";
import { preview } from "/static/preview.js";
import { hours, instant, utc } from "/static/time.js";

const MARKS = [
  ["confirmed", "Same person"],
  ["rejected", "Not this person"],
];

export const isSure = (sighting, answer) =>
  sighting.feedback === "confirmed" || (sighting.feedback === null && sighting.similarity >= answer.operating_point);

export function card(sighting, answer, { onOpen, onMark, onSearch }) {
  const sure = isSure(sighting, answer);
  const asked = element("img", { className: "asked", src: answer.query.parts[0].picture, alt: "" });
  const crop = element("img", { src: sighting.crop ?? "", alt: "", loading: "lazy" });
  const shots = element("button", { type: "button", className: "shots", title: "Play and compare" }, asked, crop);
  shots.setAttribute("aria-label", `Play and compare: sighting ${sighting.rank}, ${sighting.camera}, ${instant(sighting.start)}`);
  shots.addEventListener("click", () => onOpen(sighting));
  preview(shots, sighting.tracklets[0]);
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
    element("span", { className: "hint", textContent: note(sighting, sure) }),
  );
  const marks = MARKS.map(([mark, name]) => {
    const button = element("button", { type: "button", textContent: name, className: `mark ${mark}` });
    button.setAttribute("aria-pressed", String(sighting.feedback === mark));
    button.dataset.mark = mark;
    button.addEventListener("click", () => onMark(sighting, mark));
    return button;
  });
  const next = element("button", { type: "button", textContent: "Search this person" });
  next.addEventListener("click", () => onSearch(sighting));
  const actions = element("div", { className: "actions" }, ...marks, next);
  const item = element("li", { className: `card ${sure ? "sure" : "below"} ${sighting.feedback ?? ""}`, id: `sighting-${sighting.rank}` }, shots, text, actions);
  item.dataset.tracklet = sighting.tracklets[0];
  return item;
}

function note(sighting, sure) {
  if (sighting.feedback === "confirmed") return "marked as the same person";
  if (sighting.feedback === "rejected") return "marked as somebody else";
  return sure ? "" : "below the operating point";
}
