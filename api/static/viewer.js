// One sighting large: its film, both pictures, facts; C and X say what it is, the arrows lead to the others.

import { element, one } from "/static/element.js";
import { Film } from "/static/film.js";
import { instant, utc } from "/static/time.js";
import { t } from "/static/words.js";

const moment = (time) => t("{time} ({utc})", { time: instant(time), utc: utc(time) });

export class Viewer {
  constructor({ onMark, onAdd }) {
    this.dialog = one("viewer");
    this.film = new Film(one("clip"), one("overlay"), one("clip-note"));
    this.sighting = null;
    this.walk = []; // tracklets in the order in which they were listed when the viewer was opened
    const mark = (what) => this.sighting && onMark(this.sighting, what);
    one("close").addEventListener("click", () => this.dialog.close());
    one("same").addEventListener("click", () => mark("confirmed"));
    one("other").addEventListener("click", () => mark("rejected"));
    one("before").addEventListener("click", () => this.#step(-1));
    one("after").addEventListener("click", () => this.#step(1));
    one("join").addEventListener("click", () => {
      const { sighting } = this;
      this.dialog.close();
      onAdd(sighting);
    });
    this.dialog.addEventListener("close", () => {
      this.film.stop();
      this.sighting = null;
    });
    this.dialog.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.altKey || event.metaKey) return;
      const inFilm = event.target === one("clip"); // where the arrows wind
      if (event.key === "c") mark("confirmed");
      else if (event.key === "x") mark("rejected");
      else if (event.key === "ArrowLeft" && !inFilm) this.#step(-1);
      else if (event.key === "ArrowRight" && !inFilm) this.#step(1);
      else return;
      event.preventDefault();
    });
  }

  open(sighting, answer) {
    this.answer = answer;
    this.walk = answer.sightings.map((each) => each.tracklets[0]);
    this.#show(sighting);
    if (!this.dialog.open) this.dialog.showModal();
  }

  // A refined answer: the same sighting stays, others that came are reached after the last one.
  update(answer) {
    if (!this.dialog.open || !this.sighting) return;
    this.answer = answer;
    const known = new Set(this.walk.flatMap((id) => this.#of(id)?.tracklets ?? []));
    this.walk.push(...answer.sightings.map((each) => each.tracklets[0]).filter((id) => !known.has(id)));
    const same = this.#of(this.sighting.tracklets[0]);
    if (same) this.#describe(same);
    else this.dialog.close();
  }

  #of(id) {
    return this.answer.sightings.find((each) => each.tracklets.includes(id));
  }

  #place() {
    return this.walk.findIndex((id) => this.sighting.tracklets.includes(id));
  }

  #step(by) {
    for (let place = this.#place() + by; place >= 0 && place < this.walk.length; place += by) {
      const found = this.#of(this.walk[place]);
      if (found && found !== this.sighting) return this.#show(found);
    }
    return undefined;
  }

  #show(sighting) {
    this.#describe(sighting);
    this.film.play(sighting.tracklets[0]);
  }

  #describe(sighting) {
    this.sighting = sighting;
    const { answer } = this;
    one("asked").src = answer.query.parts[0].picture;
    one("seen").src = sighting.crop ?? "";
    one("viewer-title").textContent = t("{camera}, {time}", { camera: sighting.camera, time: instant(sighting.start) });
    one("seen-caption").textContent = t("Seen, rank {rank}", { rank: sighting.rank });
    one("same").setAttribute("aria-pressed", String(sighting.feedback === "confirmed"));
    one("other").setAttribute("aria-pressed", String(sighting.feedback === "rejected"));
    one("before").disabled = this.#place() <= 0;
    one("after").disabled = this.#place() >= this.walk.length - 1;
    const facts = [
      [t("From"), moment(sighting.start)],
      [t("To"), moment(sighting.end)],
      [t("Similarity"), t("{value} (operating point {point})", { value: sighting.similarity.toFixed(3), point: answer.operating_point.toFixed(3) })],
      [t("Probability"), sighting.probability === null ? t("not calibrated yet") : `${(100 * sighting.probability).toFixed(1)} %`],
      [t("Tracklets"), sighting.tracklets.join(", ")],
    ];
    one("facts").replaceChildren(
      ...facts.flatMap(([name, value]) => [element("dt", { textContent: name }), element("dd", { textContent: value })]),
    );
  }
}
