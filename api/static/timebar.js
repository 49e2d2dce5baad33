// A camera's whole time: what is covered, how many people came when, and where the film is. A click goes there.

import { instant, utc } from "/static/time.js";
import { t } from "/static/words.js";

const BINS = 200;
const SVG = "http://www.w3.org/2000/svg";

export class Timebar {
  constructor(root, scale, camera, onJump) {
    Object.assign(this, { root, scale, camera, onJump, facts: null, moment: null });
    this.asked = 0;
    this.track = root.querySelector(".track");
    this.needle = root.querySelector(".needle");
    root.addEventListener("click", (event) => this.facts && onJump(this.#covered(this.#at(event))));
    root.addEventListener("pointermove", (event) => {
      if (!this.facts) return;
      const moment = this.#at(event);
      root.title = t("{time} ({utc})", { time: instant(moment), utc: utc(moment) });
    });
    root.addEventListener("keydown", (event) => {
      const part = { PageUp: -0.1, PageDown: 0.1 }[event.key];
      if (!this.facts || (part === undefined && event.key !== "Home" && event.key !== "End")) return;
      event.preventDefault();
      const wanted = part === undefined ? (event.key === "Home" ? this.first : this.last - 1) : this.moment + part * (this.last - this.first);
      onJump(this.#covered(Math.min(this.last - 1, Math.max(this.first, wanted))));
    });
  }

  // Loads the whole time, or a window of it: milliseconds.
  async load(first = null, last = null) {
    const mine = ++this.asked;
    const query = new URLSearchParams({ bins: BINS });
    if (first !== null) query.set("since", new Date(first).toISOString());
    if (last !== null) query.set("until", new Date(last).toISOString());
    const response = await fetch(`/api/v1/cameras/${encodeURIComponent(this.camera)}/timeline.json?${query}`);
    const facts = await response.json();
    if (!response.ok) throw new Error(facts.detail);
    if (mine !== this.asked) return;
    this.facts = facts;
    this.whole = first === null;
    [this.first, this.last] = [Date.parse(facts.since), Math.max(Date.parse(facts.until), Date.parse(facts.since) + 1)];
    this.#draw();
    if (this.moment !== null) this.show(this.moment);
  }

  // The window becomes smaller or larger, around the moment that is shown.
  async zoom(by) {
    if (!this.facts) return;
    const half = (this.last - this.first) / by / 2;
    if (half < 5000 && by > 1) return;
    const middle = this.moment ?? (this.first + this.last) / 2;
    if (by < 1 && (this.whole || 2 * half >= this.span)) return this.load();
    if (this.whole) this.span = this.last - this.first;
    await this.load(middle - half, middle + half);
  }

  show(moment) {
    this.moment = moment;
    if (!this.facts) return;
    const share = (moment - this.first) / (this.last - this.first);
    this.needle.hidden = share < 0 || share > 1;
    if (this.needle.hidden && !this.whole && !this.moving) this.#follow(moment);
    this.needle.style.left = `${100 * share}%`;
    this.root.setAttribute("aria-valuenow", String(Math.round(100 * Math.min(1, Math.max(0, share)))));
    this.root.setAttribute("aria-valuetext", instant(moment));
  }

  // A window moves on with the film.
  async #follow(moment) {
    const half = (this.last - this.first) / 2;
    this.moving = true;
    await this.load(moment - half, moment + half).catch(() => null);
    this.moving = false;
  }

  #at(event) {
    const place = this.track.getBoundingClientRect();
    return this.first + ((event.clientX - place.left) / place.width) * (this.last - this.first);
  }

  // The moment itself, or the next one that is covered.
  #covered(moment) {
    for (const part of this.facts.parts) {
      if (moment <= Date.parse(part.until)) return Math.max(moment, Date.parse(part.since));
    }
    return Date.parse(this.facts.parts.at(-1)?.until ?? this.facts.until);
  }

  #draw() {
    const share = (time) => (100 * (Date.parse(time) - this.first)) / (this.last - this.first);
    const parts = this.facts.parts.map((part) => {
      const span = document.createElement("span");
      span.className = part.video ? "covered" : "covered unkept";
      span.style.left = `${share(part.since)}%`;
      span.style.width = `${Math.max(0.1, share(part.until) - share(part.since))}%`;
      return span;
    });
    const most = Math.max(1, ...this.facts.starts);
    const bars = document.createElementNS(SVG, "svg");
    bars.setAttribute("class", "density");
    bars.setAttribute("viewBox", `0 0 ${this.facts.starts.length} ${most}`);
    bars.setAttribute("preserveAspectRatio", "none");
    const path = document.createElementNS(SVG, "path");
    path.setAttribute("d", this.facts.starts.map((count, place) => (count ? `M${place} ${most}v${-count}h1v${count}z` : "")).join(""));
    bars.append(path);
    this.track.replaceChildren(...parts, bars);
    const marks = [this.first, (this.first + this.last) / 2, this.last].map((moment) => {
      const mark = document.createElement("time");
      mark.textContent = instant(moment);
      mark.title = utc(moment);
      return mark;
    });
    this.scale.replaceChildren(...marks);
  }
}
