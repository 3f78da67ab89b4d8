// The picture that suits a function: a curve for one number, a contour map or a surface for two, slices for more.

import { newest } from "../../api.js";
import { makeContour } from "./contour.js";
import { makeCurve } from "./curve.js";
import { makeSlices } from "./slices.js";
import { makeSurface } from "./surface.js";

const KINDS = { 0: makeNothing, 1: makeCurve, 2: makeContour };

const kind = ({ coordinates, view }) =>
  coordinates.length === 2 && view === "surface" ? makeSurface : (KINDS[coordinates.length] ?? makeSlices);

/** What is there where every argument is held: a sentence. */
async function makeNothing(holder, caption) {
  const say = async () => (caption.textContent = "Every argument is held, so there is nothing to draw along.");
  await say();
  return { follow: say, destroy() {} };
}

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
    holder.className = count > 2 ? "coming slices" : "coming";
    try {
      const made = await kind(model)(holder, caption, model, signal);
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
