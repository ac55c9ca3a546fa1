// Says when something was written.

/** The day of an ISO time in the reader's own time zone, as `YYYY-MM-DD`, or null for nonsense. */
export function dayOf(iso) {
  const date = new Date(iso);
  if (Number.isNaN(date.getTime())) return null;
  const two = (number) => String(number).padStart(2, "0");
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

/** Formatters in the page's language, with the reader's regional habits where they are of that language. */
export function createClock(strings) {
  const locale = navigator.language?.startsWith(strings.lang) ? navigator.language : strings.lang;
  const short = new Intl.DateTimeFormat(locale, { hour: "numeric", minute: "2-digit" });
  const full = new Intl.DateTimeFormat(locale, { dateStyle: "full", timeStyle: "short" });
  const near = new Intl.DateTimeFormat(locale, { weekday: "long", day: "numeric", month: "long" });
  const far = new Intl.DateTimeFormat(locale, { weekday: "long", day: "numeric", month: "long", year: "numeric" });

  function day(key) {
    const date = new Date(`${key}T12:00`);
    const now = new Date();
    if (key === dayOf(now)) return strings.today;
    if (key === dayOf(new Date(now.getFullYear(), now.getMonth(), now.getDate() - 1, 12))) return strings.yesterday;
    return (date.getFullYear() === now.getFullYear() ? near : far).format(date);
  }

  return {
    short: (iso) => (dayOf(iso) ? short.format(new Date(iso)) : ""),
    full: (iso) => (dayOf(iso) ? full.format(new Date(iso)) : ""),
    day,
  };
}

/** Milliseconds until the reader's next midnight, when "Today" becomes "Yesterday". */
export function untilMidnight() {
  const now = new Date();
  return new Date(now.getFullYear(), now.getMonth(), now.getDate() + 1, 0, 0, 1) - now;
}
