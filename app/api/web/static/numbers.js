// Numbers as people read them.

/** Seven digits, and a minus sign that is as wide as a plus. */
export const brief = (number) =>
  (Number.isFinite(number) ? String(Number(number.toPrecision(7))) : String(number)).replace("-", "−");
