// A view of three dimensions: turned about the upright axis, tilted, and drawn without perspective.

/** A projection of points of the unit cube about 0, x and y across and z up, into a width and height. */
export function projection({ turn, tilt, width, height }) {
  const [cosine, sine] = [Math.cos(turn), Math.sin(turn)];
  const [low, high] = [Math.sin(tilt), Math.cos(tilt)];
  const size = 0.6 * Math.min(width, height * 1.08);
  return {
    /** Where a point is seen, in pixels. */
    seen([x, y, z]) {
      const [across, ahead] = [x * cosine - y * sine, x * sine + y * cosine];
      return [width / 2 + size * across, height * 0.47 - size * (z * high + ahead * low)];
    },
    /** How far away a point is, for what is drawn first. */
    depth: ([x, y, z]) => (x * sine + y * cosine) * high - z * low,
  };
}

/** A number of a range as a coordinate of the cube, from -1/2 to 1/2. */
export const cubed = (x, [low, high]) => (high > low ? (x - low) / (high - low) : 0.5) - 0.5;
