// One video: it is sent, its people are followed, and both films play side by side.

import { ask, element, follow, send } from "/static/api.js";
import { instant, utc } from "/static/time.js";
import { t } from "/static/words.js";

// The server names a job in English: "Track walk.mp4".
const titleOf = ({ title }) => (title.startsWith("Track ") ? t("Track {name}", { name: title.slice("Track ".length) }) : title);

const one = (id) => document.getElementById(id);
const form = one("track-form");
const films = [one("original"), one("annotated")];
let cancel = null;

if (form) begin();

function begin() {
  for (const [box, range, shown] of [
    ["auto-confidence", form.confidence, "confidence-shown"],
    ["auto-distance", form.distance, "distance-shown"],
  ]) {
    const show = () => {
      range.disabled = one(box).checked;
      one(shown).value = range.disabled ? "" : Number(range.value).toFixed(2);
    };
    one(box).addEventListener("change", show);
    range.addEventListener("input", show);
    show();
  }
  for (const kind of ["dragover", "drop"]) {
    one("track-drop").addEventListener(kind, (event) => {
      event.preventDefault();
      if (kind === "drop" && event.dataTransfer.files.length) form.video.files = event.dataTransfer.files;
    });
  }
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    track();
  });
  one("cancel").addEventListener("click", () => cancel?.());
  one("both").addEventListener("click", playBoth);
  for (const [index, film] of films.entries()) {
    const other = films[1 - index];
    film.addEventListener("seeked", () => {
      if (Math.abs(other.currentTime - film.currentTime) > 0.05) other.currentTime = film.currentTime;
    });
    film.addEventListener("pause", () => !film.ended && other.pause());
    film.addEventListener("ended", label);
    film.addEventListener("play", label);
    film.addEventListener("pause", label);
  }
  list();
  const job = new URLSearchParams(location.hash.slice(1)).get("job");
  if (job) watch(job);
  else goOn();
}

// A video that is being followed, or waits for that, is shown again to whoever comes back.
async function goOn() {
  const { jobs } = await ask("GET", "/jobs?state=queued&state=running&state=stopping");
  const mine = jobs.find(({ kind }) => kind === "track");
  if (mine) watch(mine.id);
}

async function track() {
  const button = one("track-go");
  button.disabled = true;
  one("films").hidden = true;
  const sending = new AbortController();
  cancel = () => sending.abort();
  try {
    const file = form.video.files[0];
    work(file.name, t("Sending the video"), 0);
    const body = new FormData();
    body.append("video", file);
    const upload = await send("/uploads", body, (share) => work(file.name, t("Sending the video"), share), sending.signal);
    const wish = { kind: "track", upload: upload.id, join: form.join.checked };
    if (!form.confidence.disabled) wish.confidence = Number(form.confidence.value);
    if (!form.distance.disabled) wish.max_cosine_distance = Number(form.distance.value);
    const job = await ask("POST", "/jobs", wish);
    history.replaceState(null, "", `#job=${job.id}`);
    await watch(job.id);
  } catch (error) {
    if (error.name === "AbortError") one("work").hidden = true;
    else fail(error.message);
  }
  button.disabled = false;
}

async function watch(job) {
  cancel = async () => {
    one("cancel").disabled = true;
    try {
      await ask("DELETE", `/jobs/${job}`);
    } catch (error) {
      fail(error.message);
    }
  };
  try {
    await ask("GET", `/jobs/${encodeURIComponent(job)}`);
  } catch (error) {
    return fail(error.message);
  }
  one("cancel").disabled = false;
  const ended = await follow(job, (told) => {
    const { state, progress } = told;
    const share = progress.total ? progress.done / progress.total : undefined;
    work(titleOf(told), stateText(state, progress), share);
  });
  one("work").hidden = true;
  if (ended.state === "failed") fail(ended.error);
  if (ended.files.some((url) => url.endsWith("/annotated.mp4"))) show(ended);
  list();
}

function stateText(state, { done, total, rate }) {
  if (state === "queued") return t("Waits for its turn");
  if (state === "stopping") return t("Ending: what was followed so far is kept");
  if (!done) return t("Starting");
  const values = { done, total: total ?? "?", rate: rate?.toFixed(0), left: rate && total ? Math.ceil((total - done) / rate) : null };
  if (values.left !== null) return t("{done} of {total} frames, {rate} frames/s, {left} s left", values);
  return rate ? t("{done} of {total} frames, {rate} frames/s", values) : t("{done} of {total} frames", values);
}

function work(title, text, share) {
  one("work").hidden = false;
  one("work-title").textContent = title;
  one("work-said").className = "";
  one("work-said").textContent = text;
  one("work-progress").hidden = false;
  one("cancel").hidden = false;
  if (share === undefined) one("work-progress").removeAttribute("value");
  else one("work-progress").value = share;
}

function fail(text) {
  one("work").hidden = false;
  one("work-progress").hidden = one("cancel").hidden = true;
  one("work-said").className = "error";
  one("work-said").textContent = text;
}

function show(job) {
  one("films").hidden = false;
  one("films-title").textContent = titleOf(job);
  const url = (name) => job.files.find((file) => file.endsWith(`/${name}`));
  films[0].src = url("original.mp4");
  films[1].src = url("annotated.mp4");
  one("get-video").href = `${url("annotated.mp4")}?download`;
  one("get-tracks").href = `${url("tracks.txt")}?download`;
  one("get-log").href = `${url("log.csv")}?download`;
  const numbers = job.result ?? {};
  const rows = [
    [t("People"), numbers.people],
    [t("Frames"), numbers.frames],
    [t("Frames a second"), numbers.frames_per_second?.toFixed(1)],
    [t("People in a frame, on average"), numbers.mean_people?.toFixed(1)],
    [t("Ended early"), job.state === "cancelled" ? t("yes") : undefined],
  ];
  one("numbers").replaceChildren(
    ...rows.filter(([, value]) => value !== undefined).flatMap(([name, value]) => [element("dt", { textContent: name }), element("dd", { textContent: value })]),
  );
  label();
}

async function playBoth() {
  if (films.some((film) => !film.paused)) {
    films.forEach((film) => film.pause());
    return;
  }
  if (films[0].ended || films[1].ended) films.forEach((film) => (film.currentTime = 0));
  films[1].currentTime = films[0].currentTime;
  await Promise.all(films.map((film) => film.play().catch(() => {})));
}

function label() {
  one("both").textContent = films.some((film) => !film.paused && !film.ended) ? t("Pause both") : t("Play both");
}

async function list() {
  const { jobs } = await ask("GET", "/jobs?limit=1000");
  const over = jobs.filter(({ kind, state }) => kind === "track" && !["queued", "running", "stopping"].includes(state));
  one("none-before").hidden = over.length > 0;
  one("before").replaceChildren(
    ...over.map((job) => {
      const open = element("button", { type: "button", className: "link-like", textContent: titleOf(job) });
      open.disabled = !job.files.length;
      open.addEventListener("click", () => {
        history.replaceState(null, "", `#job=${job.id}`);
        show(job);
        one("films").scrollIntoView();
      });
      const time = element("time", { dateTime: job.created, title: utc(job.created), textContent: instant(job.created) });
      const state = { done: t("done"), failed: t("failed"), cancelled: t("ended early") }[job.state];
      const remove = element("button", { type: "button", className: "quiet", textContent: t("Remove") });
      remove.setAttribute("aria-label", t("Remove: {title}, {time}", { title: titleOf(job), time: time.textContent }));
      remove.addEventListener("click", async () => {
        await ask("DELETE", `/jobs/${job.id}/files`);
        list();
      });
      return element("li", {}, open, time, element("span", { className: `state ${job.state}`, textContent: state }), remove);
    }),
  );
}
