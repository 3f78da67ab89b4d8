// The picture that suits a function: a curve for one number, a contour map for two, slices for more.

import { newest } from "./api.js";
import { makeContour } from "./contour.js";
import { makeCurve } from "./curve.js";
import { makeSlices } from "./slices.js";

/** Hold one picture in an element; failed(problem) is told of what cannot be drawn. */
export function makePicture(host, caption, failed) {
  let shown = null;
  let reading = null;
  const clear = () => {
    shown?.destroy();
    shown = null;
    host.replaceChildren();
  };
  const draw = newest(async (signal, model) => {
    host.classList.add("stale");
    const count = model.coordinates.length;
    const holder = document.createElement("div");
    try {
      const make = [makeCurve, makeContour][count - 1] ?? makeSlices;
      clear();
      host.classList.toggle("slices", count > 2);
      host.append(holder);
      const made = await make(count > 2 ? host : holder, caption, model, signal);
      if (signal.aborted) return made.destroy();
      shown = made;
      if (reading !== null) await follow(reading);
    } catch (error) {
      if (error.name !== "AbortError") failed(error);
    }
    if (!signal.aborted) host.classList.remove("stale");
  });
  const follow = async (next) => {
    reading = next;
    try {
      await shown?.follow(next);
    } catch (error) {
      if (error.name !== "AbortError") failed(error);
    }
  };
  return {
    draw(model) {
      reading = null;
      return draw(model);
    },
    follow,
    clear,
  };
}
