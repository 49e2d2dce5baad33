// A sighting's clip, small and silent, while the mouse or the keyboard's focus rests on its pictures.

const WAIT_MS = 400;

export function preview(shots, tracklet) {
  let timer = null;
  let stopped = null; // aborts what is on its way
  let video = null;

  const stop = () => {
    clearTimeout(timer);
    stopped?.abort();
    stopped = null;
    if (!video) return;
    video.pause();
    video.removeAttribute("src");
    video.load();
    video.remove();
    video = null;
  };
  const start = () => {
    stop();
    if (matchMedia("(prefers-reduced-motion: reduce)").matches) return;
    timer = setTimeout(async () => {
      const mine = (stopped = new AbortController());
      try {
        const response = await fetch(`/api/v1/tracklets/${encodeURIComponent(tracklet)}/clip.json`, { signal: mine.signal });
        if (!response.ok) return; // the viewer says why
        const facts = await response.json();
        if (mine.signal.aborted) return;
        video = Object.assign(document.createElement("video"), { className: "preview", muted: true, loop: true, playsInline: true });
        video.setAttribute("aria-hidden", "true");
        video.src = facts.clip;
        video.currentTime = Math.max(0, (facts.boxes[0]?.[0] ?? 0) - 0.5);
        shots.append(video);
        await video.play();
      } catch {
        if (!mine.signal.aborted) stop(); // a preview that cannot be shown is none; a click says why
      }
    }, WAIT_MS);
  };

  shots.addEventListener("pointerenter", (event) => event.pointerType === "mouse" && start());
  shots.addEventListener("pointerleave", stop);
  shots.addEventListener("focus", () => shots.matches(":focus-visible") && !matchMedia("(hover: none)").matches && start());
  shots.addEventListener("blur", stop);
  shots.addEventListener("click", stop);
}
