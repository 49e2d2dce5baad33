// The photo that is asked for: drawn on a canvas with a frame around everybody in it; a click takes somebody else.

import { t } from "/static/words.js";

const NAMES = ["x1", "y1", "x2", "y2"];

export class Photo {
  constructor(canvas, people, onChoose) {
    this.canvas = canvas;
    this.list = people;
    this.onChoose = onChoose;
    this.clear();
    canvas.addEventListener("click", (event) => this.#click(event));
  }

  clear() {
    this.image = null;
    this.people = [];
    this.canvas.hidden = this.list.hidden = true;
    this.list.replaceChildren();
  }

  async load(file) {
    const image = await createImageBitmap(file); // upright, as EXIF says
    this.clear();
    this.image = image;
    this.canvas.width = image.width;
    this.canvas.height = image.height;
    this.canvas.hidden = false;
    this.#draw();
  }

  // Everybody who was found, and the one who was taken: xyxy in pixels of the photo.
  frame(people, box) {
    if (!this.image) return;
    if (people.length) this.people = people;
    this.taken = box;
    this.#draw();
    this.list.hidden = this.people.length < 2;
    this.list.replaceChildren(
      ...this.people.map((person, index) => {
        const button = document.createElement("button");
        button.type = "button";
        button.setAttribute("aria-label", t("Person {number}", { number: index + 1 }));
        button.setAttribute("aria-pressed", String(same(person, box)));
        const shot = document.createElement("canvas");
        this.#cut(shot, person);
        button.append(shot);
        button.addEventListener("click", () => this.#choose(person));
        return button;
      }),
    );
  }

  #choose(person) {
    this.onChoose(person);
  }

  #click(event) {
    const place = this.canvas.getBoundingClientRect();
    const x = ((event.clientX - place.left) * this.canvas.width) / place.width;
    const y = ((event.clientY - place.top) * this.canvas.height) / place.height;
    const under = this.people.filter(([x1, y1, x2, y2]) => x >= x1 && x <= x2 && y >= y1 && y <= y2);
    under.sort((a, b) => area(a) - area(b));
    if (under.length) this.#choose(under[0]);
  }

  #cut(canvas, [x1, y1, x2, y2]) {
    canvas.width = Math.max(1, Math.round(x2 - x1));
    canvas.height = Math.max(1, Math.round(y2 - y1));
    canvas.getContext("2d").drawImage(this.image, x1, y1, x2 - x1, y2 - y1, 0, 0, canvas.width, canvas.height);
  }

  #draw() {
    const context = this.canvas.getContext("2d");
    context.drawImage(this.image, 0, 0);
    const width = Math.max(2, this.image.width / 200);
    for (const person of this.people) {
      const taken = same(person, this.taken);
      for (const [colour, line] of [["#000000", width * 2], [taken ? "#ffd166" : "#ffffff", width]]) {
        context.strokeStyle = colour;
        context.lineWidth = taken ? line * 1.6 : line;
        context.strokeRect(person[0], person[1], person[2] - person[0], person[3] - person[1]);
      }
    }
  }
}

const area = ([x1, y1, x2, y2]) => (x2 - x1) * (y2 - y1);
const same = (a, b) => Boolean(b) && NAMES.every((_, index) => Math.abs(a[index] - b[index]) < 1.5);
