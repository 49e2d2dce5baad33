// Sightings by camera and time: one lane for each camera, shaded where it was looked at.

import { instant, utc } from "/static/time.js";
import { t } from "/static/words.js";

export class Timeline {
  constructor(figure, onChoose) {
    this.figure = figure;
    this.lanes = figure.querySelector(".lanes");
    this.onChoose = onChoose;
    this.factor = 1;
  }

  show(answer, isSure) {
    const spans = answer.coverage.filter((camera) => camera.since && camera.until);
    this.figure.hidden = answer.sightings.length === 0 || spans.length === 0;
    if (this.figure.hidden) return;
    const moments = [...spans, ...answer.sightings.map(({ start, end }) => ({ since: start, until: end }))];
    const first = Math.min(...moments.map((span) => Date.parse(span.since)));
    const last = Math.max(...moments.map((span) => Date.parse(span.until)), first + 1000);
    const at = (time) => (100 * (Date.parse(time) - first)) / (last - first);
    const bar = (name, start, end) => {
      const made = document.createElement(name);
      made.style.left = `${at(start)}%`;
      made.style.width = `${at(end) - at(start)}%`;
      return made;
    };
    const lanes = answer.coverage.map((camera) => {
      const lane = document.createElement("div");
      lane.className = "lane";
      const name = document.createElement("span");
      name.className = "lane-name";
      name.textContent = name.title = camera.camera;
      const track = document.createElement("div");
      track.className = "track";
      for (const [start, end] of covered(camera)) {
        const part = bar("span", start, end);
        part.className = "covered";
        track.append(part);
      }
      for (const sighting of answer.sightings.filter((one) => one.camera === camera.camera)) {
        const tick = bar("button", sighting.start, sighting.end);
        tick.type = "button";
        tick.className = `tick ${isSure(sighting) ? "sure" : ""}`;
        const facts = { time: instant(sighting.start), utc: utc(sighting.start), value: sighting.similarity.toFixed(2) };
        tick.title = t("{time} ({utc}), similarity {value}", facts);
        tick.setAttribute("aria-label", t("Sighting {rank}: {camera}, {facts}", { rank: sighting.rank, camera: camera.camera, facts: tick.title }));
        tick.addEventListener("click", () => this.onChoose(sighting.rank));
        track.append(tick);
      }
      lane.append(name, track);
      return lane;
    });
    const scale = document.createElement("div");
    scale.className = "scale";
    for (const moment of [first, (first + last) / 2, last]) {
      const mark = document.createElement("time");
      mark.textContent = instant(moment);
      mark.title = utc(moment);
      scale.append(mark);
    }
    this.lanes.replaceChildren(...lanes, scale);
    this.factor = 1;
    this.zoom(1);
  }

  zoom(by) {
    this.factor = Math.min(64, Math.max(1, this.factor * by));
    this.lanes.style.width = `${100 * this.factor}%`;
  }
}

// The parts of a camera's time that were looked at.
function covered(camera) {
  if (!camera.since || !camera.until) return [];
  const ends = [camera.since, ...camera.gaps.flat(), camera.until];
  return ends.flatMap((time, index) => (index % 2 ? [] : [[time, ends[index + 1]]]));
}
