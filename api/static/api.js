// The HTTP API of this server, asked with the session of the page.

import { t } from "/static/words.js";

export async function ask(method, path, body) {
  const request = { method };
  if (body instanceof FormData) {
    request.body = body;
  } else if (body !== undefined) {
    request.headers = { "Content-Type": "application/json" };
    request.body = JSON.stringify(body);
  }
  const response = await fetch(`/api/v1${path}`, request);
  if (response.status === 401) {
    location.assign("/login");
    return new Promise(() => {}); // the page is left
  }
  if (response.status === 204) return null;
  const said = await response.json();
  if (!response.ok) throw new Error(said.detail ?? response.statusText);
  return said;
}

// Sends a file and tells how much of it has gone, 0 to 1.
export function send(path, form, onProgress, signal) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", `/api/v1${path}`);
    request.upload.addEventListener("progress", (event) => event.lengthComputable && onProgress(event.loaded / event.total));
    request.addEventListener("error", () => reject(new Error(t("The connection to the server was lost."))));
    request.addEventListener("abort", () => reject(new DOMException("", "AbortError")));
    request.addEventListener("load", () => {
      if (request.status === 401) return location.assign("/login");
      let said = {};
      try {
        said = JSON.parse(request.responseText);
      } catch {
        // An answer of something between: its status has to do.
      }
      if (request.status < 400) resolve(said);
      else reject(new Error(said.detail ?? request.statusText));
    });
    signal?.addEventListener("abort", () => request.abort());
    request.send(form);
  });
}

// Follows a job to its end.
export function follow(job, onChange) {
  return new Promise((resolve) => {
    const events = new EventSource(`/api/v1/jobs/${encodeURIComponent(job)}/events`);
    events.addEventListener("job", (event) => {
      const told = JSON.parse(event.data);
      onChange(told);
      if (!["queued", "running", "stopping"].includes(told.state)) {
        events.close();
        resolve(told);
      }
    });
  });
}

export function element(name, properties = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}
