// What can be picked. Misra1a is of NIST's nonlinear regression problems (public domain); the others are made up.

const rows = (names, ...columns) => [names.join(","), ...columns[0].map((_, n) => columns.map((each) => each[n]).join(","))].join("\n");

export const EXAMPLES = [
  {
    name: "Decay",
    data: rows(["t", "y"], [0, 0.5, 1, 1.5, 2, 3, 4, 5], [2.51, 1.81, 1.29, 0.97, 0.71, 0.36, 0.21, 0.13]),
    observed: "y",
    model: "a*exp(-b*t) + c",
    starts: {},
  },
  {
    name: "Misra1a",
    data: rows(
      ["x", "y"],
      [77.6, 114.9, 141.1, 190.8, 239.9, 289.0, 332.8, 378.4, 434.8, 477.3, 536.8, 593.1, 689.1, 760.0],
      [10.07, 14.73, 17.94, 23.93, 29.61, 35.18, 40.02, 44.82, 50.76, 55.05, 61.01, 66.4, 75.47, 81.78],
    ),
    observed: "y",
    model: "b1*(1 - exp(-b2*x))",
    starts: { b1: 500, b2: 0.0001 },
  },
  {
    name: "Peak",
    data: rows(
      ["x", "counts"],
      [1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
      [12, 14, 22, 45, 88, 110, 84, 41, 20, 13],
    ),
    observed: "counts",
    model: "h*exp(-(x - m)**2/(2*s**2)) + c",
    starts: { h: 90, m: 5, s: 1, c: 10 },
  },
  {
    name: "Plane",
    data: rows(["u", "v", "z"], [0, 0, 1, 1, 2, 2], [0, 1, 0, 1, 0, 1], [1.1, 2.9, 3.0, 5.2, 5.1, 6.8]),
    observed: "z",
    model: "p + q*u + r*v",
    starts: {},
  },
];
