// What is asked: the photos and sightings of one person, with small pictures of each that can be taken away again.

import { element, one } from "/static/element.js";
import { t } from "/static/words.js";

const MOST = 8;

export class Question {
  constructor(photo, onChange) {
    Object.assign(this, { photo, onChange });
    this.clear();
  }

  clear() {
    this.parts = []; // each one of {file, box}, {tracklet}; once it was answered with the place where the server keeps it
    this.id = this.shown = null; // shown: the part whose photo is on the canvas
    this.marks = new Map();
    this.changed = false;
    this.photo.clear();
    this.#draw();
  }

  get empty() {
    return this.parts.length === 0;
  }

  async take(file, adding) {
    if (adding && this.parts.length >= MOST) throw new Error(t("At most {most} pictures describe one person.", { most: MOST }));
    await this.photo.load(file);
    if (!adding) this.parts = [];
    if (!adding) this.marks.clear();
    this.shown = { file, box: null };
    this.#add(this.shown);
  }

  takeTracklet(id, adding) {
    if (adding && this.parts.length >= MOST) throw new Error(t("At most {most} pictures describe one person.", { most: MOST }));
    if (!adding) this.clear();
    this.#add({ tracklet: id, picture: `/api/v1/tracklets/${encodeURIComponent(id)}/crop.jpg` });
  }

  chooseBox(box) {
    if (this.parts.length === 1) this.marks.clear(); // somebody else is searched
    Object.assign(this.shown, { box, place: null, picture: null });
    this.changed = true;
  }

  // A form for the server: what it keeps already is only named.
  form() {
    const form = new FormData();
    for (const part of this.parts) {
      if (part.place) form.append("query", part.place);
      else if (part.tracklet) form.append("tracklet", part.tracklet);
      else {
        form.append("image", part.file);
        form.append("box", part.box ? part.box.join(",") : "");
      }
    }
    return form;
  }

  // What was said before of sightings, for a question that became another one by a picture more or less.
  feedback(own) {
    const said = (mark) => [...this.marks].filter(([id, is]) => is === mark && !own.includes(id)).map(([id]) => id);
    return { confirmed: said("confirmed"), rejected: said("rejected") };
  }

  answered(found) {
    this.id = found.id;
    this.changed = false;
    this.parts = found.query.parts.map((part, index) => {
      const known = this.parts[index] ?? {};
      return Object.assign(known, { place: `${found.id}/${index}`, picture: part.picture, taken: part.taken });
    });
    for (const { tracklets, feedback } of found.sightings) {
      for (const id of tracklets) {
        if (feedback) this.marks.set(id, feedback);
        else this.marks.delete(id);
      }
    }
    const facts = found.query.parts[this.parts.indexOf(this.shown)];
    if (facts) this.photo.frame(facts.people, facts.box);
    this.#draw();
  }

  #add(part) {
    this.parts.push(part);
    this.changed = true;
    this.#draw();
  }

  #remove(part) {
    this.parts = this.parts.filter((other) => other !== part);
    this.changed = true;
    if (part === this.shown) {
      this.shown = null;
      this.photo.clear();
    }
    this.#draw();
    this.onChange();
  }

  #draw() {
    const first = this.parts.find((part) => part.picture);
    one("picture").hidden = this.shown !== null || !first;
    if (first) one("picture").src = first.picture;
    one("invite").hidden = !this.empty;
    one("searched").hidden = this.empty;
    one("add").hidden = this.parts.length >= MOST;
    one("parts").replaceChildren(
      ...this.parts.map((part, index) => {
        const shot = element("img", { alt: t("Searched: picture {number}", { number: index + 1 }), title: part.taken ?? "" });
        if (part.picture) shot.src = part.picture;
        else shot.hidden = true;
        const away = element("button", { type: "button", className: "away", textContent: "\u00d7", title: t("Take away") });
        away.setAttribute("aria-label", t("Take away picture {number}", { number: index + 1 }));
        away.addEventListener("click", () => this.#remove(part));
        return element("li", { className: "part" }, shot, away);
      }),
    );
  }
}
