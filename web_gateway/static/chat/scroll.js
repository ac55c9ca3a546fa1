// Keeps the newest message in sight while the reader is at the bottom, and leaves the reader alone otherwise.

const NEAR = 24;

/** Watches `scroller`, whose growing content is `content`; `button` leads back to the end. */
export function createScroll(scroller, content, button) {
  let stuck = true;
  let last = 0;
  const gap = () => scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight;

  function keep() {
    if (stuck) scroller.scrollTop = scroller.scrollHeight;
  }

  function toEnd({ smooth = false } = {}) {
    stuck = true;
    button.hidden = true;
    const calm = !smooth || window.matchMedia("(prefers-reduced-motion: reduce)").matches;
    scroller.scrollTo({ top: scroller.scrollHeight, behavior: calm ? "instant" : "smooth" });
  }

  /** Something new stands below. */
  function news() {
    if (!stuck) button.hidden = false;
  }

  scroller.addEventListener("scroll", () => {
    const up = scroller.scrollTop < last;
    last = scroller.scrollTop;
    if (gap() <= NEAR) stuck = true;
    else if (up) stuck = false;
    if (stuck) button.hidden = true;
  }, { passive: true });
  const observer = new ResizeObserver(keep);
  observer.observe(scroller);
  observer.observe(content);

  return { keep, toEnd, news, stuck: () => stuck, stop: () => observer.disconnect() };
}
