// One sighting in the grid: the person searched beside the person seen, facts, and what can be said of it.

import { element } from "/static/element.js";
import { preview } from "/static/preview.js";
import { hours, instant, utc } from "/static/time.js";
import { t } from "/static/words.js";

const MARKS = [
  ["confirmed", t("Same person")],
  ["rejected", t("Not this person")],
];

export const isSure = (sighting, answer) =>
  sighting.feedback === "confirmed" || (sighting.feedback === null && sighting.similarity >= answer.operating_point);

export function card(sighting, answer, { onOpen, onMark, onSearch }) {
  const sure = isSure(sighting, answer);
  const asked = element("img", { className: "asked", src: answer.query.parts[0].picture, alt: "" });
  const crop = element("img", { src: sighting.crop ?? "", alt: "", loading: "lazy" });
  const shots = element("button", { type: "button", className: "shots", title: t("Play and compare") }, asked, crop);
  const facts = { rank: sighting.rank, camera: sighting.camera, time: instant(sighting.start) };
  shots.setAttribute("aria-label", t("Play and compare: sighting {rank}, {camera}, {time}", facts));
  shots.addEventListener("click", () => onOpen(sighting));
  preview(shots, sighting.tracklets[0]);
  const meter = element("div", { className: "meter" }, element("i"), element("b"));
  meter.children[0].style.width = `${100 * Math.max(0, sighting.similarity)}%`;
  meter.children[1].style.left = `${100 * answer.operating_point}%`;
  meter.title = t("similarity {value}; the mark is the operating point", { value: sighting.similarity.toFixed(3) });
  const time = element("time", { dateTime: sighting.start, title: utc(sighting.start), textContent: instant(sighting.start) });
  const duration = hours(sighting.end_seconds - sighting.start_seconds);
  const how =
    sighting.probability === null
      ? t("{duration}, similarity {value}", { duration, value: sighting.similarity.toFixed(2) })
      : t("{duration}, {percent} % the same person", { duration, percent: Math.round(100 * sighting.probability) });
  const text = element(
    "div",
    { className: "text" },
    element("span", { className: "where", textContent: sighting.camera }),
    time,
    element("span", { className: "hint", textContent: how }),
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
  const next = element("button", { type: "button", textContent: t("Search this person") });
  next.addEventListener("click", () => onSearch(sighting));
  const actions = element("div", { className: "actions" }, ...marks, next);
  const item = element("li", { className: `card ${sure ? "sure" : "below"} ${sighting.feedback ?? ""}`, id: `sighting-${sighting.rank}` }, shots, text, actions);
  item.dataset.tracklet = sighting.tracklets[0];
  return item;
}

function note(sighting, sure) {
  if (sighting.feedback === "confirmed") return t("marked as the same person");
  if (sighting.feedback === "rejected") return t("marked as somebody else");
  return sure ? "" : t("below the operating point");
}
