// Times as people read them: in the zone of the viewer; UTC stands in the title of each.

import { locale, t } from "/static/words.js";

const format = new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeStyle: "medium" });

export const instant = (time) => format.format(new Date(time));
export const utc = (time) => `${new Date(time).toISOString().replace("T", " ").replace("Z", "")} UTC`;

export function hours(seconds) {
  const whole = Math.max(1, Math.round(seconds));
  if (whole < 90) return t("{count} s", { count: whole });
  const minutes = Math.round(whole / 60);
  return minutes < 90 ? t("{count} min", { count: minutes }) : t("{count} h", { count: (minutes / 60).toFixed(1) });
}
