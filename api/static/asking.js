// Questions on their way to the server and answers on their way back; a newer question stops an older one.

let running = null;

export function stopAsking() {
  running?.abort();
  running = null;
}

// The answer; null where a newer question was asked meanwhile.
async function answerTo(...requests) {
  running?.abort();
  const mine = (running = new AbortController());
  let body = null;
  try {
    for (const request of requests) {
      const [url, options] = request(body) ?? [];
      if (!url) continue;
      const response = await fetch(url, { ...options, signal: mine.signal });
      if (response.status === 401) return location.assign("/login"), null;
      body = await response.json();
      if (!response.ok) throw new Error(body.detail ?? response.statusText);
    }
  } catch (error) {
    if (error.name === "AbortError") return null;
    throw error;
  }
  return mine === running ? body : null;
}

const path = (id, rest = "") => `/api/v1/queries/${encodeURIComponent(id)}${rest}`;
const json = (body) => ({ method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });

export const askAgain = (id, filters) => answerTo(() => [`${path(id)}?${filters}`]);

export const sayOf = (id, feedback, filters) => answerTo(() => [`${path(id, "/feedback")}?${filters}`, json(feedback)]);

// What was said of an earlier form of the question is said of this one, too.
export function askNew(question, filters) {
  return answerTo(
    () => [`/api/v1/queries?${filters}`, { method: "POST", body: question.form() }],
    (found) => {
      const said = question.feedback(found.query.tracklets);
      if (said.confirmed.length + said.rejected.length === 0) return null;
      return [`${path(found.id, "/feedback")}?${filters}`, json(said)];
    },
  );
}
