// A clip that plays with a box around the person, which moves with the picture.

export class Film {
  constructor(video, overlay, note) {
    Object.assign(this, { video, overlay, note });
    this.facts = null;
    this.asked = 0;
    const tick = () => {
      if (this.facts) this.#draw();
      if (!video.paused && !video.ended) requestAnimationFrame(tick);
    };
    for (const kind of ["play", "seeked", "loadeddata", "timeupdate"]) video.addEventListener(kind, tick);
    video.addEventListener("error", () => this.facts && this.#say("The video cannot be played."));
    new ResizeObserver(() => this.facts && this.#draw()).observe(video);
  }

  async play(tracklet) {
    this.stop();
    const mine = this.asked;
    this.#say("The video is being cut ...");
    try {
      const response = await fetch(`/api/v1/tracklets/${encodeURIComponent(tracklet)}/clip.json`);
      const facts = await response.json();
      if (mine !== this.asked) return;
      if (!response.ok) return this.#say(facts.detail);
      this.facts = facts;
      this.video.parentElement.hidden = false;
      this.video.src = facts.clip;
      this.#say("");
      this.video.currentTime = Math.max(0, (facts.boxes[0]?.[0] ?? 0) - 0.5); // just before the person comes
      await this.video.play();
    } catch (error) {
      if (mine === this.asked && error.name !== "AbortError" && error.name !== "NotAllowedError") this.#say(error.message);
    }
  }

  stop() {
    this.asked += 1;
    this.facts = null;
    this.video.pause();
    this.video.removeAttribute("src");
    this.video.load();
    this.video.parentElement.hidden = true;
    this.#say("");
  }

  #say(text) {
    this.note.textContent = text;
  }

  // The box at the moment that is shown; where a frame has none, none is drawn.
  #draw() {
    const { video, overlay, facts } = this;
    const scale = Math.min(video.clientWidth / facts.width, video.clientHeight / facts.height);
    const [width, height] = [facts.width * scale, facts.height * scale];
    overlay.style.left = `${(video.clientWidth - width) / 2}px`;
    overlay.style.top = `${(video.clientHeight - height) / 2}px`;
    overlay.width = Math.max(1, width);
    overlay.height = Math.max(1, height);
    const now = video.currentTime;
    const nearest = facts.boxes.reduce((best, box) => (Math.abs(box[0] - now) < Math.abs(best[0] - now) ? box : best), [Infinity]);
    overlay.dataset.box = "";
    if (Math.abs(nearest[0] - now) > 0.25) return;
    const [, x1, y1, x2, y2] = nearest;
    const context = overlay.getContext("2d");
    for (const [colour, line] of [["#000000", 5], ["#ffd166", 3]]) {
      context.strokeStyle = colour;
      context.lineWidth = line;
      context.strokeRect(x1 * scale, y1 * scale, (x2 - x1) * scale, (y2 - y1) * scale);
    }
    overlay.dataset.box = nearest.slice(1).join(",");
  }
}
