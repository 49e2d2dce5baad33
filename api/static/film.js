// A clip that plays with a box around the person, which moves with the picture.

import { Boxes } from "/static/boxes.js";
import { t } from "/static/words.js";

export class Film {
  constructor(video, overlay, note) {
    Object.assign(this, { video, note });
    this.boxes = new Boxes(overlay);
    this.asked = 0;
    video.addEventListener("error", () => this.boxes.facts && this.#say(t("The video cannot be played.")));
  }

  async play(tracklet) {
    this.stop();
    const mine = this.asked;
    this.#say(t("The video is being cut ..."));
    try {
      const response = await fetch(`/api/v1/tracklets/${encodeURIComponent(tracklet)}/clip.json`);
      const facts = await response.json();
      if (mine !== this.asked) return;
      if (!response.ok) return this.#say(facts.detail);
      this.video.parentElement.hidden = false;
      this.video.src = facts.clip;
      this.#say("");
      this.video.currentTime = Math.max(0, (facts.boxes[0]?.[0] ?? 0) - 0.5); // just before the person comes
      this.boxes.attach(this.video, { ...facts, people: [{ id: tracklet, boxes: facts.boxes }] });
      await this.video.play();
    } catch (error) {
      if (mine === this.asked && error.name !== "AbortError" && error.name !== "NotAllowedError") this.#say(error.message);
    }
  }

  stop() {
    this.asked += 1;
    this.boxes.clear();
    this.video.pause();
    this.video.removeAttribute("src");
    this.video.load();
    this.video.parentElement.hidden = true;
    this.#say("");
  }

  #say(text) {
    this.note.textContent = text;
  }
}
