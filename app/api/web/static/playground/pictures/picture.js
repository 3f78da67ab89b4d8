// The picture that suits a function: a curve for one number, a contour map for two, slices for more.

import { newest } from "../../api.js";
import { makeContour } from "./contour.js";
import { makeCurve } from "./curve.js";
import { makeSlices } from "./slices.js";

const KINDS = [makeCurve, makeContour];

/** Hold one picture in an element; failed(problem) is told of what cannot be drawn. */
export function makePicture(host, caption, failed) {
  let shown = null;
  let reading = null;
  const report = (error) => {
    if (error.name !== "AbortError") failed(error);
  };

  /** Draw a function out of sight, and put it in the place of what is there. */
  const draw = newest(async (signal, model) => {
    host.classList.add("stale");
    const holder = host.appendChild(document.createElement("div"));
    const count = model.coordinates.length;
    holder.className = count > KINDS.length ? "coming slices" : "coming";
    try {
      const made = await (KINDS[count - 1] ?? makeSlices)(holder, caption, model, signal);
      replace(made, holder, signal);
      if (shown === made && reading !== null) await made.follow(reading);
    } catch (error) {
      holder.remove();
      report(error);
    }
    if (!signal.aborted) host.classList.remove("stale");
  });

  const replace = (made, holder, signal) => {
    if (signal.aborted) {
      made.destroy();
      holder.remove();
      return;
    }
    shown?.destroy();
    shown = made;
    host.replaceChildren(holder);
    holder.classList.remove("coming");
  };

  return {
    /** Draw a function; the point follows. */
    draw(model) {
      reading = null;
      return draw(model);
    },
    /** Show a point, its value and its gradient in what is drawn. */
    async follow(next) {
      reading = next;
      if (host.classList.contains("stale")) return;
      await shown?.follow(next).catch(report);
    },
  };
}
