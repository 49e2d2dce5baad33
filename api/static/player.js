// A camera's video as one film: the next piece is fetched while this one plays, and follows it by itself.

import { t } from "/static/words.js";

const SECONDS = 15;

const milliseconds = (time) => Date.parse(time);
const iso = (moment) => new Date(moment).toISOString();

function once(video, kind) {
  return new Promise((resolve, reject) => {
    const end = new AbortController();
    video.addEventListener(kind, () => (end.abort(), resolve()), { signal: end.signal });
    video.addEventListener("error", () => (end.abort(), reject(new Error(t("The video cannot be played.")))), { signal: end.signal });
  });
}

// Tells "piece" when another piece is shown, "state" when it plays or stops, "note" with a text in detail.
export class Player extends EventTarget {
  constructor(videos, boxes, camera) {
    super();
    Object.assign(this, { boxes, camera, piece: null, playing: false, speed: 1 });
    [this.video, this.spare] = videos;
    this.turn = 0; // the latest jump
    this.loading = false;
    this.following = this.ready = null; // a promise of the next piece, in the spare video; that piece
    for (const video of videos) {
      video.addEventListener("ended", () => video === this.video && this.#goOn());
      video.addEventListener("error", () => video === this.video && this.piece && this.#note(t("The video cannot be played.")));
    }
  }

  get now() {
    return this.piece ? milliseconds(this.piece.start) + 1000 * this.video.currentTime : null;
  }

  async play() {
    if (!this.piece) return;
    if (this.video.ended && !this.piece.next) this.video.currentTime = 0;
    this.#state(true);
    if (this.video.ended) return this.#goOn();
    try {
      await this.video.play();
    } catch (error) {
      if (error.name === "NotAllowedError") this.#state(false);
    }
  }

  pause() {
    this.#state(false);
    this.video.pause();
  }

  setSpeed(speed) {
    this.speed = this.video.playbackRate = this.spare.playbackRate = speed;
  }

  // Shows a moment, in milliseconds; null for what the camera saw first.
  async jump(moment) {
    if (moment !== null && this.#holds(this.piece, moment)) {
      if (this.loading) this.#giveUp();
      this.video.currentTime = (moment - milliseconds(this.piece.start)) / 1000;
      if (this.playing) await this.play();
      return;
    }
    const since = this.ready && this.#holds(this.ready, moment) ? this.ready.since : moment === null ? null : iso(moment);
    await this.#load(since, (piece) => (moment === null ? 0 : (moment - milliseconds(piece.start)) / 1000));
  }

  async move(seconds) {
    if (!this.piece) return;
    const moment = this.now + 1000 * seconds;
    if (this.#holds(this.piece, moment)) return this.jump(moment);
    if (seconds > 0) return this.piece.next ? this.jump(Math.max(moment, milliseconds(this.piece.next))) : this.jump(milliseconds(this.piece.end));
    if (!this.piece.previous) return this.jump(milliseconds(this.piece.start));
    await this.#load(this.piece.previous, (piece) => (moment - milliseconds(piece.start)) / 1000);
  }

  // One frame on, or back: aims at the middle of its time, so that no rounding shows the one beside it.
  async frame(by) {
    if (!this.piece) return;
    this.pause();
    const { rate, seconds, next, previous } = this.piece;
    const wanted = this.boxes.seconds + (by + 0.5) / rate;
    if (wanted >= 0 && wanted < seconds) this.video.currentTime = wanted;
    else if (wanted >= seconds && next) await this.#load(next, () => 0);
    else if (wanted < 0 && previous) await this.#load(previous, (piece) => piece.seconds - 0.5 / piece.rate);
  }

  #holds(piece, moment) {
    return piece !== null && milliseconds(piece.start) <= moment && moment <= milliseconds(piece.end);
  }

  async #load(since, place) {
    const mine = ++this.turn;
    this.following = this.ready = null;
    this.loading = true;
    this.video.pause();
    this.#note(t("The video is being cut ..."));
    try {
      const piece = await this.#fetch(since);
      if (mine !== this.turn) return;
      await this.#fill(piece, Math.min(Math.max(0, place(piece)), Math.max(0, piece.seconds - 0.5 / piece.rate)));
      if (mine !== this.turn) return;
      this.#note("");
      this.#show(piece);
    } catch (error) {
      if (mine !== this.turn) return;
      this.loading = false;
      this.#state(false);
      this.#note(error.message);
    }
  }

  // A jump within the piece that is shown takes the place of one that is still being fetched.
  #giveUp() {
    this.turn += 1;
    this.loading = false;
    this.#note("");
  }

  async #fetch(since) {
    const query = new URLSearchParams({ seconds: SECONDS, ...(since === null ? {} : { since }) });
    const response = await fetch(`/api/v1/cameras/${encodeURIComponent(this.camera)}/boxes.json?${query}`);
    if (response.status === 401) location.assign("/login");
    const body = await response.json();
    if (!response.ok) throw new Error(body.detail);
    return body;
  }

  // Gets a piece into the spare video, at so many seconds.
  async #fill(piece, seconds) {
    const loaded = once(this.spare, "loadeddata");
    this.spare.src = piece.video;
    this.spare.load();
    await loaded;
    if (seconds > 0) {
      const sought = once(this.spare, "seeked");
      this.spare.currentTime = seconds;
      await sought;
    }
  }

  // The spare video comes to the front.
  #show(piece) {
    [this.video, this.spare] = [this.spare, this.video];
    this.video.classList.add("front");
    this.spare.classList.remove("front");
    this.spare.pause();
    this.piece = piece;
    this.ready = null;
    this.loading = false;
    this.video.playbackRate = this.speed;
    this.boxes.attach(this.video, piece);
    this.dispatchEvent(new Event("piece"));
    if (this.playing) this.play();
    this.following = piece.next === null ? null : this.#prepare(piece.next);
  }

  // The next piece, ready in the spare video; an Error if there is none.
  async #prepare(since) {
    const mine = this.turn;
    try {
      const piece = await this.#fetch(since);
      if (mine === this.turn) await this.#fill(piece, 0);
      if (mine === this.turn) this.ready = { ...piece, since };
      return piece;
    } catch (error) {
      return error;
    }
  }

  async #goOn() {
    const [mine, ended] = [this.turn, this.piece];
    if (ended.next === null) return this.#end(t("The recording ends here."));
    this.following ??= this.#prepare(ended.next);
    const next = await this.following;
    if (mine !== this.turn || ended !== this.piece || !this.video.ended) return;
    if (next instanceof Error) {
      this.following = null; // playing on tries again
      return this.#end(next.message);
    }
    this.#note(ended.gaps.length ? t("What follows comes after a gap.") : "");
    this.#show(next);
  }

  #end(text) {
    this.#state(false);
    this.#note(text);
  }

  #state(playing) {
    this.playing = playing;
    this.dispatchEvent(new Event("state"));
  }

  #note(text) {
    this.dispatchEvent(new CustomEvent("note", { detail: text }));
  }
}
