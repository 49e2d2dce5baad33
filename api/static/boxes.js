// Boxes around people over a video, drawn in time with the picture.

const BRIGHT = ["#ffd166", "#7cd5ff", "#9be37a", "#ffa3c5", "#ffb26b", "#c7b3ff", "#6ee7d2", "#eef07a", "#ff9d92", "#b9d7ff"];
const DARK = "#10151d"; // stands out from each of these

const JOINED_SECONDS = 1; // between two boxes that are further apart nobody knows where the person was
const SLACK_SECONDS = 0.05; // a frame is shown until the next one comes

// The number at the end of a tracklet's id: what people call somebody on one camera.
export function shortId(id) {
  const digits = /(\d+)$/.exec(id);
  return digits ? String(Number(digits[1])) : id.slice(-6);
}

export const colourOf = (id) => BRIGHT[[...shortId(id)].reduce((sum, one) => (sum * 10 + one.charCodeAt(0) - 48) % 9973, 0) % BRIGHT.length];

// Where somebody is at a moment: boxes are [seconds, x1, y1, x2, y2] in order; null if not in the picture.
export function boxAt(boxes, seconds) {
  let [low, high] = [0, boxes.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (boxes[middle][0] <= seconds) low = middle + 1;
    else high = middle;
  }
  const [before, after] = [boxes[low - 1], boxes[low]];
  if (before && after && after[0] - before[0] <= JOINED_SECONDS) {
    const share = (seconds - before[0]) / (after[0] - before[0]);
    return before.slice(1).map((value, place) => value + share * (after[place + 1] - value));
  }
  if (before && seconds - before[0] <= SLACK_SECONDS) return before.slice(1);
  return after && after[0] - seconds <= SLACK_SECONDS ? after.slice(1) : null;
}

export class Boxes {
  // Labels are the people's ids if withIds is set; the one that is chosen gets a thicker line.
  constructor(canvas) {
    this.canvas = canvas;
    canvas.dataset.box = "";
    this.video = this.facts = this.chosen = null;
    this.visible = true;
    this.withIds = false;
    this.seconds = 0;
    this.drawn = [];
    this.turn = 0;
    this.size = new ResizeObserver(() => this.draw());
  }

  // facts: width, height, people with id and boxes.
  attach(video, facts) {
    this.clear();
    Object.assign(this, { video, facts, seconds: video.currentTime });
    this.size.observe(video);
    const mine = this.turn;
    const shown = (seconds) => {
      this.seconds = seconds;
      this.draw();
    };
    const wait = () => {
      if (mine !== this.turn) return;
      if (video.requestVideoFrameCallback) {
        video.requestVideoFrameCallback((_, frame) => {
          if (mine === this.turn) shown(frame.mediaTime);
          wait();
        });
      } else {
        requestAnimationFrame(() => {
          if (mine === this.turn && video.currentTime !== this.seconds) shown(video.currentTime);
          wait();
        });
      }
    };
    wait();
    this.draw();
  }

  clear() {
    this.turn += 1;
    this.size.disconnect();
    this.video = this.facts = null;
    this.drawn = [];
    this.canvas.dataset.box = "";
    this.canvas.getContext("2d").clearRect(0, 0, this.canvas.width, this.canvas.height);
  }

  // Who is at a point of the window; of several the smallest.
  hit(clientX, clientY) {
    if (!this.facts || !this.visible) return null;
    const place = this.canvas.getBoundingClientRect();
    const scale = this.facts.width / place.width;
    const [x, y] = [(clientX - place.left) * scale, (clientY - place.top) * scale];
    const area = ({ box }) => (box[2] - box[0]) * (box[3] - box[1]);
    const there = this.drawn.filter(({ box: [x1, y1, x2, y2] }) => x1 <= x && x <= x2 && y1 <= y && y <= y2);
    return there.sort((one, other) => area(one) - area(other))[0]?.person ?? null;
  }

  draw() {
    const { canvas, video, facts } = this;
    if (!facts) return;
    const fit = Math.min(video.clientWidth / facts.width, video.clientHeight / facts.height);
    const [width, height, dots] = [facts.width * fit, facts.height * fit, devicePixelRatio || 1];
    const [left, top] = [video.offsetLeft + (video.clientWidth - width) / 2, video.offsetTop + (video.clientHeight - height) / 2];
    Object.assign(canvas.style, { left: `${left}px`, top: `${top}px`, width: `${width}px`, height: `${height}px` });
    const [wide, high] = [Math.max(1, Math.round(width * dots)), Math.max(1, Math.round(height * dots))];
    if (canvas.width !== wide) canvas.width = wide;
    if (canvas.height !== high) canvas.height = high;
    const context = canvas.getContext("2d");
    context.setTransform(fit * dots, 0, 0, fit * dots, 0, 0);
    context.clearRect(0, 0, facts.width, facts.height);
    this.drawn = facts.people
      .map((person) => ({ person, box: boxAt(person.boxes, this.seconds) }))
      .filter(({ box }) => box);
    canvas.dataset.box = this.drawn.map(({ box }) => box.map((value) => value.toFixed(1)).join(",")).join(" ");
    if (!this.visible) return;
    for (const { person, box } of this.drawn) this.#frame(context, person, box, 1 / fit);
  }

  #frame(context, person, [x1, y1, x2, y2], pixel) {
    const colour = colourOf(person.id);
    const line = person.id === this.chosen ? 5 : 2.5;
    for (const [style, width] of [[DARK, line + 2], [colour, line]]) {
      context.strokeStyle = style;
      context.lineWidth = width * pixel;
      context.strokeRect(x1, y1, x2 - x1, y2 - y1);
    }
    if (!this.withIds) return;
    const label = shortId(person.id);
    context.font = `600 ${13 * pixel}px system-ui, sans-serif`;
    const [width, height] = [context.measureText(label).width + 8 * pixel, 18 * pixel];
    const [left, top] = [Math.max(0, Math.min(x1, this.facts.width - width)), y1 >= height ? y1 - height : y1];
    context.fillStyle = colour;
    context.fillRect(left, top, width, height);
    context.fillStyle = DARK;
    context.textBaseline = "middle";
    context.fillText(label, left + 4 * pixel, top + height / 2 + pixel);
  }
}
